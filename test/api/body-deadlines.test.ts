import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { bodyDeadlines } from '../../src/api/plugins/body-deadlines.js'

const LONG_MS = 50_000

/** Routes that read their bodies as they come: one for uploads, one not, and one for uploads that refuses them. */
async function serve(options: { bodyMs: number; idleMs: number }) {
  const app = fastify()
  app.addContentTypeParser('*', async () => undefined)
  await app.register(bodyDeadlines, options)
  const read = ({ raw }: { raw: NodeJS.ReadableStream }) => text(raw)
  app.post('/body', async (request) => read(request))
  app.post('/upload', { config: { isUpload: true } }, async (request) => read(request))
  app.post('/refused', { config: { isUpload: true } }, async (request, reply) => {
    request.raw.resume()
    return reply.code(413).send('no')
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { app, port }
}

/** Sends the head of a request and as much of its body as is given. */
function send(port: number, path: string, length: number, ...pieces: string[]) {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: x/y\r\ncontent-length: ${length}\r\n\r\n`,
  )
  for (const piece of pieces) socket.write(piece)
  return socket
}

test.each([
  ['a body that does not come in time', '/body', { bodyMs: 50, idleMs: LONG_MS }],
  ['an upload that stands still', '/upload', { bodyMs: LONG_MS, idleMs: 50 }],
  ['the rest of a refused upload', '/refused', { bodyMs: 50, idleMs: LONG_MS }],
])('%s ends the connection', async (_name, path, options) => {
  const { app, port } = await serve(options)
  const socket = send(port, path, 100, 'begin')
  socket.resume()
  await once(socket, 'close')
  await app.close()
})

test('an upload may take longer than other bodies, as long as it comes', async () => {
  const { app, port } = await serve({ bodyMs: 50, idleMs: LONG_MS })
  const socket = send(port, '/upload', 6, 'a')
  const answer = once(socket.setEncoding('utf8'), 'data')
  for (const piece of ['b', 'c', 'd', 'e', 'f']) {
    await delay(30)
    socket.write(piece)
  }
  expect(String(await answer)).toMatch(/^HTTP\/1\.1 200 .*abcdef$/s)
  socket.destroy()
  await app.close()
})
