import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { EventRecord } from '../../src/store/records.js'
import type { EventService } from '../../src/studies/events.js'
import type { KeyService } from '../../src/studies/keys.js'
import { GuardedPlace } from './guarded-service.js'

const ID = '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'
const EVERY_MS = 1_500
const PATIENCE = { timeout: 20_000 }

let place: GuardedPlace
let time: number
beforeAll(async () => {
  place = await GuardedPlace.open()
})
afterAll(() => place.close())
beforeEach(async () => {
  await place.forgetKeys()
  time = Date.now()
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** One event, and then none until the follower is told to stop. */
const events: Pick<EventService, 'follow'> = {
  follow: async (_studyId, _after, signal) =>
    (async function* (): AsyncGenerator<EventRecord> {
      const data = { searchId: 'first' }
      yield { id: 1, studyId: ID, type: 'search-cancelled', data, createdAt: new Date(0) }
      if (!signal.aborted) await once(signal, 'abort')
    })(),
}

/** A service on the clock of the test, and what is asked of its keys by streams. */
async function openApp(access: 'keys' | 'until-keys', change: Partial<KeyService> = {}) {
  const asked: Promise<boolean>[] = []
  const noted = (answer: Promise<boolean>) => {
    asked.push(answer)
    return answer
  }
  const keys = place.keys(() => time)
  const watched: KeyService = {
    ...keys,
    isStillValid: (...args) => noted(keys.isStillValid(...args)),
    anyUnrevoked: (...args) => noted(keys.anyUnrevoked(...args)),
    ...change,
  }
  const services = { events: events as EventService }
  const app = await place.app({ access }, { keys: watched, services })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  return {
    keys,
    async watch(key?: string) {
      const socket = connect(port, '127.0.0.1').setEncoding('utf8')
      let text = ''
      let hasEnded = false
      socket.on('data', (piece) => {
        text += piece
      })
      socket.on('end', () => {
        hasEnded = true
      })
      const authorization = key === undefined ? '' : `authorization: Bearer ${key}\r\n`
      const head = `GET /v1/studies/${ID}/events HTTP/1.1\r\nhost: localhost\r\n${authorization}`
      socket.write(`${head}\r\n`)
      await expect.poll(() => text, PATIENCE).toMatch(/ 200 OK.*first/s)
      return {
        socket,
        hasEnded: () => hasEnded,
        /** Orderly, with the chunk that ends a body. */
        ends: async () => {
          await expect.poll(() => hasEnded, PATIENCE).toBe(true)
          expect(text).toMatch(/\r\n0\r\n\r\n$/)
        },
      }
    },
    /** Lets the time between two questions go by, and waits for what was asked. */
    async step(): Promise<boolean> {
      time += EVERY_MS
      vi.advanceTimersByTime(EVERY_MS)
      return (await Promise.all(asked.splice(0))).includes(false)
    },
    asked: () => Promise.all(asked.splice(0)),
  }
}

describe('an event stream', () => {
  test('ends within 5 s when its key is revoked elsewhere, and not before', async () => {
    const { watch, step } = await openApp('keys')
    const elsewhere = place.keys(() => time)
    const { key, record } = await elsewhere.create({ name: 'a', scopes: ['read'] })
    const other = await watch(await place.newKey(['read']))
    const watcher = await watch(key)
    for (let i = 0; i < 10; i++) expect(await step()).toBe(false)
    expect(watcher.hasEnded()).toBe(false)
    const revokedAt = time
    await elsewhere.revoke(record.id)
    while (!(await step())) expect(time - revokedAt).toBeLessThan(5_000)
    expect(time - revokedAt).toBeLessThan(5_000)
    await watcher.ends()
    expect(other.hasEnded()).toBe(false)
    other.socket.destroy()
  })

  test('ends when its key expires', async () => {
    const { watch, step, keys } = await openApp('keys')
    const expiresAt = new Date(time + 4 * EVERY_MS)
    const { key } = await keys.create({ name: 'short', scopes: ['read'], expiresAt })
    const watcher = await watch(key)
    for (let i = 0; i < 3; i++) expect(await step()).toBe(false)
    expect(await step()).toBe(true)
    await watcher.ends()
  })

  test('that was let in by what was known of a key that is revoked ends at once', async () => {
    const { watch, keys } = await openApp('keys')
    const { key, record } = await keys.create({ name: 'a', scopes: ['read'] })
    await keys.authenticate(key)
    await place.keys().revoke(record.id)
    time += 4_900
    await (await watch(key)).ends()
  })

  test('that was opened without a key ends within 5 s after the first one is made', async () => {
    const { watch, step } = await openApp('until-keys')
    const watcher = await watch()
    // Of an open service it is asked whether there are keys: no is what lets the stream go on.
    for (let i = 0; i < 4; i++) await step()
    expect(watcher.hasEnded()).toBe(false)
    await place.newKey()
    for (let i = 0; i < 3; i++) await step()
    await watcher.ends()
  })

  test.each<[string, () => Promise<boolean>]>([
    ['cannot be asked about', () => Promise.reject(new Error('the database is away'))],
    ['is asked about for too long', () => new Promise(() => {})],
  ])('ends when its key %s', async (_name, answer) => {
    let isAway = false
    const { watch, step } = await openApp('keys', {
      isStillValid: async () => (isAway ? answer() : true),
    })
    const watcher = await watch(await place.newKey(['read']))
    await step()
    expect(watcher.hasEnded()).toBe(false)
    isAway = true
    for (let i = 0; i < 3; i++) await step()
    await watcher.ends()
  })

  test('that its client leaves asks no more', async () => {
    let count = 0
    const { watch } = await openApp('keys', {
      isStillValid: async () => {
        count++
        return true
      },
    })
    const { socket } = await watch(await place.newKey(['read']))
    socket.destroy()
    await expect.poll(() => vi.getTimerCount(), PATIENCE).toBe(0)
    const before = count
    vi.advanceTimersByTime(10 * EVERY_MS)
    expect(count).toBe(before)
  })
})
