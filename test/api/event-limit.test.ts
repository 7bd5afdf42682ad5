import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parseExposition, samplesOf } from '../support/prometheus.js'
import { openService, type TestService } from '../support/service.js'
import { PROBLEM } from './client.js'

const LIMIT = 100
const PATIENCE = { timeout: 120_000 }
const BATCH = 500
/** On a busy machine it is fewer than 10,000. */
const MOST_MS = 15_000

let service: TestService
let studyId: string
beforeAll(async () => {
  service = await openService({ api: { eventStreams: LIMIT } })
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  const problem = PROBLEM as Parameters<typeof service.services.studies.create>[0]['problem']
  studyId = (await service.services.studies.create({ name: 'watched', problem })).id
})
afterAll(() => service.close())

/** Both ends of every connection are in this process; some descriptors are left for everything else. */
function mostConnections(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1')
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? []
  return Math.min(10_000, Math.floor((Number(soft) - 500) / 2) - BATCH)
}

interface Watcher {
  socket: Socket
  /** The head of the answer, once it is there. */
  head: string
}

const watchers: Watcher[] = []
const leave = () => {
  for (const { socket } of watchers.splice(0)) socket.destroy()
}
afterEach(leave)

/** Asks for the events on a connection of its own, and keeps it. */
function watch(): void {
  const { port } = service.app.server.address() as AddressInfo
  const watcher: Watcher = { socket: connect(port, '127.0.0.1'), head: '' }
  watcher.socket.setEncoding('latin1').on('data', (text: string) => {
    if (!watcher.head.includes('\r\n\r\n')) watcher.head += text
  })
  watcher.socket.on('error', () => {})
  watcher.socket.write(`GET /v1/studies/${studyId}/events HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  watchers.push(watcher)
}

const statusOf = ({ head }: Watcher) => /^HTTP\/1\.1 (\d+)/.exec(head)?.[1]
const count = (status: string) => watchers.filter((watcher) => statusOf(watcher) === status).length

async function gauge(name: string): Promise<number> {
  const { body } = await service.app.inject('/metrics')
  return samplesOf(parseExposition(body), name)[0].value
}

describe('10,000 event streams', () => {
  test('are refused beyond the limit, and the service goes on', async () => {
    const begun = performance.now()
    while (watchers.length < mostConnections() && performance.now() - begun < MOST_MS) {
      for (let i = 0; i < BATCH; i++) watch()
      await expect
        .poll(() => watchers.every((watcher) => statusOf(watcher) !== undefined), PATIENCE)
        .toBe(true)
    }
    const total = watchers.length
    expect(total).toBeGreaterThan(LIMIT)
    expect(count('200')).toBe(LIMIT)
    expect(count('503')).toBe(total - LIMIT)
    const refused = watchers.find((watcher) => statusOf(watcher) === '503')!
    expect(refused.head).toMatch(/^retry-after: \d+/im)
    expect(refused.head).toMatch(/^content-type: application\/problem\+json/im)
    expect(await gauge('mixwright_event_streams_open')).toBe(LIMIT)
    expect(await gauge('mixwright_event_streams_refused_total')).toBe(total - LIMIT)

    const answered = await service.app.inject(`/v1/studies/${studyId}`)
    expect(answered.statusCode).toBe(200)

    leave()
    await expect.poll(() => gauge('mixwright_event_streams_open'), PATIENCE).toBe(0)
    watch()
    await expect.poll(() => statusOf(watchers[0]), PATIENCE).toBe('200')
  }, 300_000)

  test('a refused one takes no place', async () => {
    await expect.poll(() => gauge('mixwright_event_streams_open'), PATIENCE).toBe(0)
    for (let i = 0; i < LIMIT + 5; i++) {
      const url = '/v1/studies/0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511/events'
      expect((await service.app.inject(url)).statusCode).toBe(404)
    }
    expect(await gauge('mixwright_event_streams_open')).toBe(0)
  }, 300_000)
})
