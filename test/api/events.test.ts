import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { EventRecord } from '../../src/store/records.js'
import type { StudyEvent } from '../../src/studies/events.js'
import type { Services } from '../../src/studies/index.js'
import { openService, type TestService } from '../support/service.js'
import { PROBLEM } from './client.js'
import { appBeforeServices } from './support.js'

const ID = '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'
const PATIENCE = { timeout: 20_000 }

let service: TestService
let url: string
let studyId: string
const logged: string[] = []
beforeAll(async () => {
  service = await openService({ log: (line) => logged.push(line) })
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const problem = PROBLEM as Parameters<typeof service.services.studies.create>[0]['problem']
  studyId = (await service.services.studies.create({ name: 'watched', problem })).id
})
afterAll(async () => {
  await service.close()
  expect(logged, 'what was logged').toEqual([])
})

const cancelled = (searchId: string): StudyEvent => ({
  type: 'search-cancelled',
  data: { searchId },
})
const publish = (event: StudyEvent) => service.services.events.publish(studyId, event)

interface Frame {
  id?: string
  event?: string
  data?: string
  retry?: string
}

/** Reads a stream frame by frame, as its specification has it for the few fields that are used. */
async function* frames(response: Response): AsyncGenerator<Frame> {
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const lines = block.split('\n').filter((line) => !line.startsWith(':'))
      if (lines.length > 0) {
        yield Object.fromEntries(lines.map((line) => line.split(/: (.*)/s, 2)))
      }
    }
  }
}

async function watch(headers: Record<string, string> = {}, query = '') {
  const leave = new AbortController()
  const response = await fetch(`${url}/v1/studies/${studyId}/events${query}`, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: leave.signal,
  })
  return { response, frames: frames(response), leave: () => leave.abort() }
}

async function take(source: AsyncGenerator<Frame>, count: number): Promise<Frame[]> {
  const taken: Frame[] = []
  while (taken.length < count) {
    const { value, done } = await source.next()
    if (done) throw new Error(`the stream ended after ${taken.length} frames`)
    taken.push(value)
  }
  return taken
}

describe('the events of a study', () => {
  test('are sent as they happen, after those that did before', async () => {
    await publish(cancelled('a'))
    const watcher = await watch()
    expect(watcher.response.status).toBe(200)
    expect(watcher.response.headers.get('content-type')).toBe('text/event-stream')
    expect(watcher.response.headers.get('cache-control')).toBe('no-store')
    const [retry, first] = await take(watcher.frames, 2)
    expect(Number(retry.retry)).toBeGreaterThan(0)
    expect(first).toMatchObject({
      event: 'search-cancelled',
      data: JSON.stringify({ searchId: 'a' }),
    })
    await publish(cancelled('b'))
    const [second] = await take(watcher.frames, 1)
    expect(JSON.parse(second.data!)).toEqual({ searchId: 'b' })
    expect(Number(second.id)).toBeGreaterThan(Number(first.id))
    watcher.leave()
  })

  test('go on where a client stopped, none missing and none twice', async () => {
    for (let i = 0; i < 5; i++) await publish(cancelled(`r${i}`))
    const first = await watch()
    const seen: Frame[] = []
    for await (const frame of first.frames) {
      if (frame.id === undefined) continue
      seen.push(frame)
      if (frame.data!.includes('"r2"')) break
    }
    first.leave()
    await publish(cancelled('meanwhile'))
    const last = seen.at(-1)!.id!
    for (const again of [
      await watch({ 'last-event-id': last }),
      await watch({}, `?after=${last}`),
      // The header is what a client that lost its connection knows best.
      await watch({ 'last-event-id': last }, '?after=0'),
    ]) {
      const rest = (await take(again.frames, 4)).filter(({ id }) => id !== undefined)
      expect(rest.map(({ data }) => JSON.parse(data!).searchId)).toEqual(['r3', 'r4', 'meanwhile'])
      again.leave()
    }
  })

  test('that are lines of text stay one event', async () => {
    const detail = 'one line\nanother: with "quotes"\r\nid: 7'
    const watcher = await watch({}, '?after=0')
    await publish({
      type: 'search-failed',
      data: { searchId: 'x', code: 'search-failed', detail },
    })
    for await (const frame of watcher.frames) {
      if (frame.event !== 'search-failed') continue
      expect(JSON.parse(frame.data!).detail).toBe(detail)
      break
    }
    watcher.leave()
  })

  test('are sent to a client that takes anything', async () => {
    const { response, leave } = await watch({ accept: '*/*' })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    leave()
  })
})

describe('watching is refused by a problem document:', () => {
  async function refusal(address: string, headers: Record<string, string> = {}) {
    const response = await fetch(url + address, { headers })
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    return { status: response.status, problem: (await response.json()) as { code: string } }
  }

  test('a study that is not there', async () => {
    const { status, problem } = await refusal(`/v1/studies/${ID}/events`)
    expect({ status, code: problem.code }).toEqual({ status: 404, code: 'study-not-found' })
  })

  test('a client that does not take event streams', async () => {
    const headers = { accept: 'application/json' }
    const { status, problem } = await refusal(`/v1/studies/${studyId}/events`, headers)
    expect(status).toBe(406)
    expect(problem).toMatchObject({
      code: 'not-acceptable',
      type: '/problems/not-acceptable',
      detail: expect.stringContaining('application/json'),
    })
  })

  test.each([
    ['', { 'last-event-id': 'abc' }],
    ['', { 'last-event-id': '-1' }],
    ['?after=x', {}],
    ['?after=-1', {}],
    ['?since=1', {}],
  ])('a place that is none: %s %j', async (query, headers) => {
    const { status, problem } = await refusal(`/v1/studies/${studyId}/events${query}`, headers)
    expect({ status, code: problem.code }).toEqual({ status: 400, code: 'malformed-request' })
  })
})

/** An application whose events are made by the test. */
async function appWith(events: (signal: AbortSignal) => AsyncIterable<EventRecord>) {
  const follow = async (_studyId: string, _after: number, signal: AbortSignal) => events(signal)
  const services = { events: { follow } } as unknown as Services
  const app = await appBeforeServices({ services })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, port: (app.server.address() as AddressInfo).port }
}

const record = (id: number, text: string): EventRecord => ({
  id,
  studyId: ID,
  type: 'search-cancelled',
  data: { searchId: text },
  createdAt: new Date(0),
})

const REQUEST = `GET /v1/studies/${ID}/events HTTP/1.1\r\nhost: x\r\n\r\n`

test('a client that does not read does not make the service hold what it has not taken', async () => {
  let made = 0
  let isReturned = false
  const { app, port } = await appWith(async function* () {
    try {
      for (;;) yield record(++made, 'x'.repeat(10_000))
    } finally {
      isReturned = true
    }
  })
  const socket = connect(port, '127.0.0.1')
  socket.pause()
  socket.write(REQUEST)
  let last = -1
  await expect
    .poll(
      () => {
        const isStill = made > 0 && made === last
        last = made
        return isStill
      },
      { interval: 200, ...PATIENCE },
    )
    .toBe(true)
  // Ten kilobytes each: what the buffers between the two ends hold.
  expect(made).toBeLessThan(2_000)
  socket.destroy()
  await expect.poll(() => isReturned, PATIENCE).toBe(true)
  await app.close()
})

/** Events that do not come, until the follower is told to stop. */
async function* silence(signal: AbortSignal): AsyncGenerator<EventRecord> {
  yield record(1, 'first')
  if (!signal.aborted) await once(signal, 'abort')
}

test('a stopping service ends its streams, and does not wait for their clients', async () => {
  const { app, port } = await appWith(silence)
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  socket.write(REQUEST)
  let text = ''
  socket.on('data', (piece) => {
    text += piece
  })
  await expect.poll(() => text, PATIENCE).toContain('first')
  const ended = once(socket, 'end')
  await app.close()
  await ended
  // The chunk that ends a body.
  expect(text).toMatch(/\r\n0\r\n\r\n$/)
})

test('a client that leaves ends what was followed for it', async () => {
  let hasEnded = false
  const { app, port } = await appWith(async function* (signal) {
    yield* silence(signal)
    hasEnded = true
  })
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  socket.write(REQUEST)
  await once(socket, 'data')
  socket.destroy()
  await expect.poll(() => hasEnded, PATIENCE).toBe(true)
  await app.close()
})

test('a quiet stream has comments in it', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { app, port } = await appWith(silence)
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  let text = ''
  socket.on('data', (piece) => {
    text += piece
  })
  socket.write(REQUEST)
  while (!text.includes('first')) await delay(10)
  vi.advanceTimersByTime(31_000)
  while (text.split('\n: ').length < 3) await delay(10)
  vi.useRealTimers()
  expect(text).toMatch(/\n: heartbeat\n\n/)
  socket.destroy()
  await app.close()
})
