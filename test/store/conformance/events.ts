import { describe, expect, test } from 'vitest'
import type { EventRecord, OpenStore } from '../../../src/store/index.js'
import { newId, newStudy } from '../support/records.js'

export function eventConformance(store: () => OpenStore): void {
  const events = () => store().events
  const anyStudy = async () => (await store().studies.insert(newStudy())).id

  describe('events', () => {
    test('come back as they were appended, oldest first, after the last one seen', async () => {
      const study = await anyStudy()
      const data = { z: 0.1 + 0.2, a: { text: 'ü"\n' }, list: [null, 5e-324] }
      const first = (await events().append(study, 'trial-started', data))!
      expect(first).toMatchObject({ studyId: study, type: 'trial-started', data })
      expect(JSON.stringify(first.data)).toBe(JSON.stringify(data))
      expect(first.createdAt).toBeInstanceOf(Date)
      await events().append(await anyStudy(), 'of another study', {})
      const second = (await events().append(study, 'trial-ended', {}))!
      const third = (await events().append(study, 'trial-ended', {}))!
      expect(second.id).toBeGreaterThan(first.id)
      expect(await events().after(study, 0, 9)).toEqual([first, second, third])
      expect(await events().after(study, 0, 2)).toEqual([first, second])
      expect(await events().after(study, first.id, 1)).toEqual([second])
      expect(await events().after(study, third.id, 9)).toEqual([])
    })

    test('of a study that is not there are not kept', async () => {
      for (const id of [newId(), 'study-1']) {
        expect(await events().append(id, 'news', {})).toBeUndefined()
        expect(await events().after(id, 0, 9)).toEqual([])
      }
    })

    test('are gone with their study, and when they are old', async () => {
      const study = await anyStudy()
      await events().append(study, 'old', {})
      const kept = await anyStudy()
      await events().append(kept, 'news', {})
      await store().studies.delete(study)
      expect(await events().after(study, 0, 9)).toEqual([])
      expect(await events().deleteBefore(new Date(0))).toBe(0)
      expect(await events().after(kept, 0, 9)).toHaveLength(1)
      expect(await events().deleteBefore(new Date(Date.now() + 60_000))).toBeGreaterThanOrEqual(1)
      expect(await events().after(kept, 0, 9)).toEqual([])
    })

    test('are read completely by someone who follows while many append', async () => {
      const study = await anyStudy()
      const writers = 8
      const each = 15
      const appended: number[] = []
      let writing = true
      const write = async (writer: number) => {
        for (let index = 0; index < each; index += 1)
          appended.push((await events().append(study, 'news', { writer, index }))!.id)
      }
      const follow = async () => {
        const seen: EventRecord[] = []
        for (;;) {
          const wasWriting = writing
          const news = await events().after(study, seen.at(-1)?.id ?? 0, 7)
          seen.push(...news)
          if (!wasWriting && news.length === 0) return seen
        }
      }
      const following = follow()
      await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
      writing = false
      const seen = await following
      expect(seen.map(({ id }) => id)).toEqual(appended.toSorted((a, b) => a - b))
      for (let writer = 0; writer < writers; writer += 1) {
        const own = seen.filter(({ data }) => data.writer === writer)
        expect(own.map(({ data }) => data.index)).toEqual(Array.from({ length: each }, (_, i) => i))
      }
    })

    test('are announced to everyone who listens, and to nobody who has stopped', async () => {
      const [study, other] = [await anyStudy(), await anyStudy()]
      const heard: Record<string, (string | undefined)[]> = { a: [], b: [], c: [] }
      const stopA = await events().listen((id) => heard.a.push(id))
      const stopB = await events().listen((id) => heard.b.push(id))
      await events().append(study, 'news', {})
      await expect.poll(() => heard.a.includes(study) && heard.b.includes(study)).toBe(true)
      await stopA()
      heard.a = []
      await events().append(other, 'news', {})
      await expect.poll(() => heard.b.includes(other)).toBe(true)
      await stopB()
      await stopB()

      const stopC = await events().listen((id) => heard.c.push(id))
      heard.b = []
      await events().append(study, 'news', {})
      await expect.poll(() => heard.c.includes(study)).toBe(true)
      expect([heard.a, heard.b]).toEqual([[], []])
      await stopC()
    })

    test('share one client of the pool, which is given back when nobody listens', async () => {
      const listening = async () => {
        const { totalCount, idleCount } = store().pool
        return totalCount - idleCount
      }
      const before = await listening()
      const stops = await Promise.all(
        Array.from({ length: 5 }, () => events().listen(() => undefined)),
      )
      expect(await listening()).toBe(before + 1)
      await Promise.all(stops.map((stop) => stop()))
      await expect.poll(listening).toBe(before)
    })
  })
}
