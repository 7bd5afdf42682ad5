import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type Frame, readFrames, watchStudy } from '../../../src/cli/client/event-stream.js'
import { HttpClient } from '../../../src/cli/client/http-client.js'
import { MixwrightError, problemDocument } from '../../../src/errors.js'

async function framesOf(pieces: Iterable<Uint8Array>): Promise<Frame[]> {
  const frames: Frame[] = []
  const chunks = (async function* () {
    yield* pieces
  })()
  for await (const frame of readFrames(chunks)) frames.push(frame)
  return frames
}

describe('frames', () => {
  test.each<[string, string, Frame[]]>([
    [
      'fields, with or without a space',
      'id: 1\nevent:x\ndata: {"a": 1}\n\n',
      [{ id: '1', event: 'x', data: '{"a": 1}' }],
    ],
    ['several lines of data', 'data: a\ndata\ndata: b\n\n', [{ data: 'a\n\nb' }]],
    ['comments', ': heartbeat\n\n: other\ndata: a\n\n', [{ data: '' }, { data: 'a' }]],
    [
      'a pause to keep',
      'retry: 2000\n\nretry: soon\n\n',
      [{ data: '', retry: 2000 }, { data: '' }],
    ],
    ['colons in values', 'data: a: b\n\n', [{ data: 'a: b' }]],
    ['what is not complete', 'data: a\n\ndata: b\n', [{ data: 'a' }]],
  ])('%s', async (_name, text, expected) => {
    expect(await framesOf([Buffer.from(text)])).toEqual(expected)
  })

  test('do not depend on where the network cuts them, nor on how lines end', async () => {
    const text = 'id: 1\ndata: naïve – 名前\n\n: x\n\nid: 2\ndata: b\n\n'
    const expected = await framesOf([Buffer.from(text)])
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (newline, sizes) => {
          const bytes = Buffer.from(`${text.replaceAll('\n', newline)}:`)
          const pieces: Uint8Array[] = []
          for (let at = 0, i = 0; at < bytes.length; at += sizes[i++ % sizes.length]) {
            pieces.push(bytes.subarray(at, at + sizes[i % sizes.length]))
          }
          expect(await framesOf(pieces)).toEqual(expected)
        },
      ),
    )
  })
})

const servers: ReturnType<typeof createServer>[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** A server that gives each connection the next answer; the last one goes on. */
async function serve(...answers: Answer[]) {
  const seen: (string | undefined)[] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(seen.length, answers.length - 1)]
    seen.push(String(request.headers['last-event-id']))
    answer(response, request)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { http: new HttpClient(new URL(`http://127.0.0.1:${port}`)), seen }
}

const frame = (id: number) => `id: ${id}\nevent: search-cancelled\ndata: {"searchId":"s${id}"}\n\n`
const stream =
  (text: string, then: (response: ServerResponse) => void): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`retry: 1\n\n${text}`, () => then(response))
  }
const stays = () => {}

async function take(http: HttpClient, count: number) {
  const leave = new AbortController()
  const told: string[] = []
  const ids: string[] = []
  const onConnection = (state: string) => void told.push(state)
  for await (const { data } of watchStudy(http, '/v1/studies/x', {
    signal: leave.signal,
    onConnection,
  })) {
    ids.push(String(data.searchId))
    if (ids.length === count) leave.abort()
  }
  return { ids, told }
}

describe('a watched study', () => {
  test('goes on after a stream that ended and one that broke off, none missing and none twice', async () => {
    const { http, seen } = await serve(
      stream(frame(1) + frame(2), (response) => response.end()),
      stream(frame(3), (response) => response.destroy()),
      stream(frame(4), stays),
    )
    expect(await take(http, 4)).toEqual({
      ids: ['s1', 's2', 's3', 's4'],
      told: ['lost', 'back', 'lost', 'back'],
    })
    expect(seen).toEqual(['0', '2', '3'])
  })

  test('waits for a service that is busy', async () => {
    const busy = problemDocument(new MixwrightError('unavailable', 'The service is stopping.'))
    const { http } = await serve(
      (response) => response.writeHead(503).end(JSON.stringify(busy)),
      stream(frame(1), stays),
    )
    expect((await take(http, 1)).ids).toEqual(['s1'])
  }, 20_000)

  test('ends with what the service refuses', async () => {
    const gone = problemDocument(new MixwrightError('study-not-found', 'There is none.'))
    const { http } = await serve((response) => response.writeHead(404).end(JSON.stringify(gone)))
    await expect(take(http, 1)).rejects.toMatchObject({ code: 'study-not-found' })
  })

  test('ends quietly when it is not watched any more', async () => {
    const { http } = await serve(stream(frame(1), stays))
    expect((await take(http, 1)).ids).toEqual(['s1'])
  })
})
