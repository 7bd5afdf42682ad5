import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EventRecord } from '../../src/store/records.js'
import { createEventService } from '../../src/studies/events.js'
import { newStudy } from '../store/support/records.js'
import { openServices, type ServicePlace } from './support.js'

let place: ServicePlace
beforeAll(async () => {
  place = await openServices()
})
afterAll(() => place.close())

const cancelled = (searchId: string) => ({ type: 'search-cancelled', data: { searchId } }) as const

async function studyWithEvents(count: number): Promise<string> {
  const { id } = await place.store.studies.insert(newStudy())
  for (let i = 0; i < count; i++) await place.services.events.publish(id, cancelled(`before ${i}`))
  return id
}

/** Follows until so many events have come. */
async function collect(studyId: string, after: number, count: number): Promise<EventRecord[]> {
  const stop = new AbortController()
  const events: EventRecord[] = []
  if (count === 0) stop.abort()
  for await (const event of await place.services.events.follow(studyId, after, stop.signal)) {
    events.push(event)
    if (events.length === count) stop.abort()
  }
  return events
}

const names = (events: readonly EventRecord[]) => events.map(({ data }) => data.searchId)

describe('following the events of a study', () => {
  test('gives those that are kept, oldest first, and after a given one only those after it', async () => {
    const study = await studyWithEvents(3)
    const all = await collect(study, 0, 3)
    expect(names(all)).toEqual(['before 0', 'before 1', 'before 2'])
    expect(await collect(study, all[0].id, 2)).toEqual(all.slice(1))
  })

  test('goes on with those that come, of this study only', async () => {
    const study = await studyWithEvents(1)
    const other = await studyWithEvents(0)
    const collected = collect(study, 0, 3)
    await place.services.events.publish(other, cancelled('of another study'))
    await place.services.events.publish(study, cancelled('live 0'))
    await place.services.events.publish(study, cancelled('live 1'))
    expect(names(await collected)).toEqual(['before 0', 'live 0', 'live 1'])
  })

  test('misses and repeats nothing, while several publish at once and several follow from different places', async () => {
    const study = await studyWithEvents(600)
    const [first] = await place.store.events.after(study, 0, 1)
    const writers = 4
    const each = 50
    const total = 600 + writers * each
    const publishing = Array.from({ length: writers }, async (_, w) => {
      for (let i = 0; i < each; i++) {
        await place.services.events.publish(study, cancelled(`${w}.${i}`))
      }
    })
    const followers = [0, 0, first.id].map((after, i) =>
      collect(study, after, i === 2 ? total - 1 : total),
    )
    const [one, two, later] = await Promise.all(followers)
    await Promise.all(publishing)
    const stored = await place.store.events.after(study, 0, total + 1)
    expect(stored).toHaveLength(total)
    expect(one).toEqual(stored)
    expect(two).toEqual(stored)
    expect(later).toEqual(stored.slice(1))
  })

  test('ends without an error when the signal is aborted, at once or while it waits', async () => {
    const study = await studyWithEvents(2)
    expect(await collect(study, 0, 0)).toEqual([])
    const stop = new AbortController()
    const seen: EventRecord[] = []
    for await (const event of await place.services.events.follow(study, 0, stop.signal)) {
      seen.push(event)
      if (seen.length === 2) setImmediate(() => stop.abort())
    }
    expect(seen).toHaveLength(2)
  })

  test('looks for new events now and then although it is told of none', async () => {
    const study = await studyWithEvents(1)
    const { store } = place
    // As over a connection to the database that is half open.
    const listen = async () => async () => {}
    const deaf = createEventService({ ...store, events: { ...store.events, listen } }, 50)
    const stop = new AbortController()
    const seen: EventRecord[] = []
    for await (const event of await deaf.follow(study, 0, stop.signal)) {
      seen.push(event)
      if (seen.length === 1) await place.services.events.publish(study, cancelled('untold'))
      else stop.abort()
    }
    expect(names(seen)).toEqual(['before 0', 'untold'])
  })

  test('ends when the study is deleted', async () => {
    const study = await studyWithEvents(1)
    const events = createEventService(place.store, 50)
    const seen: EventRecord[] = []
    for await (const event of await events.follow(study, 0, new AbortController().signal)) {
      seen.push(event)
      await place.store.studies.delete(study)
    }
    expect(names(seen)).toEqual(['before 0'])
  })

  test('reads once for many who follow', async () => {
    const study = await studyWithEvents(0)
    const { store } = place
    let reads = 0
    const after: typeof store.events.after = (...query) => {
      reads++
      return store.events.after(...query)
    }
    const counted = createEventService({ ...store, events: { ...store.events, after } })
    const stop = new AbortController()
    let seen = 0
    const followers = Array.from({ length: 50 }, async () => {
      const signal = AbortSignal.any([stop.signal])
      for await (const _ of await counted.follow(study, 0, signal)) {
        seen++
        if (seen === 50 * 10) stop.abort()
      }
    })
    for (let i = 0; i < 10; i++) await place.services.events.publish(study, cancelled(`${i}`))
    await Promise.all(followers)
    expect(seen).toBe(500)
    expect(reads).toBeLessThan(200)
  })

  test('is refused for a study that is not there', async () => {
    const id = '0199f3b2-0000-7000-8000-000000000000'
    const following = place.services.events.follow(id, 0, new AbortController().signal)
    await expect(following).rejects.toMatchObject({ code: 'study-not-found' })
  })
})

test('publishing never rejects, not even for a study that is gone or into a store that is closed', async () => {
  const id = '0199f3b2-0000-7000-8000-000000000000'
  await expect(place.services.events.publish(id, cancelled('x'))).resolves.toBeUndefined()
  const append = () => Promise.reject(new Error('connection lost'))
  const { events } = place.servicesWith({
    store: { ...place.store, events: { ...place.store.events, append } },
  })
  await expect(events.publish(id, cancelled('x'))).resolves.toBeUndefined()
})
