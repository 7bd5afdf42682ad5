import { type AddressInfo, connect } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type AppOptions, buildApp } from '../../src/api/index.js'
import type { Services } from '../../src/studies/index.js'

/** Stands for the services where a request is to be refused before any of them is asked. */
const untouchable = new Proxy({} as Services, {
  get(_target, name) {
    throw new Error(`the request reached the service "${String(name)}"`)
  },
})

/** The whole application, whose services must not be reached. */
export function appBeforeServices(options: Partial<AppOptions> = {}) {
  return buildApp({ services: untouchable, version: '0.0.0', ...options })
}

export interface HttpAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

export interface Upload {
  path: string
  headers: Record<string, string>
  /** Sent piece by piece, as fast as the other side takes it. */
  chunks: Iterable<Uint8Array>
  /** Whether to stop sending when the answer begins, as careful clients do. */
  stopsEarly?: boolean
}

/**
 * Sends a body over a connection of its own and reads the answer meanwhile; a plain socket, because HTTP clients differ in
 * what they do about an answer that comes early. Rejects when the connection breaks before the answer is complete.
 */
export async function send(address: AddressInfo, upload: Upload): Promise<HttpAnswer> {
  const { path, headers, chunks, stopsEarly = false } = upload
  const socket = connect(address.port, '127.0.0.1')
  const isChunked = !('content-length' in headers)
  const received: Buffer[] = []
  const answered = new Promise<HttpAnswer>((resolve, reject) => {
    socket.on('data', (data: Buffer) => {
      received.push(data)
      const answer = parseAnswer(Buffer.concat(received).toString('utf8'))
      if (answer) resolve(answer)
    })
    socket.on('error', reject)
    socket.on('end', () => reject(new Error('the connection ended before the answer did')))
  })
  const framed = function* () {
    const framing = isChunked ? { 'transfer-encoding': 'chunked' } : {}
    const lines = Object.entries({ host: 'localhost', ...headers, ...framing })
    yield `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    for (const chunk of chunks) {
      if (stopsEarly && received.length > 0) return
      if (!isChunked) yield chunk
      else yield Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, CRLF])
    }
    if (isChunked) yield '0\r\n\r\n'
  }
  const sending = pipeline(Readable.from(framed()), socket, { end: false })
  const [answer] = await Promise.all([answered, sending])
  socket.destroy()
  return answer
}

const CRLF = Buffer.from('\r\n')

/** Undefined as long as the answer is not complete. */
function parseAnswer(text: string): HttpAnswer | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [statusLine, ...lines] = text.slice(0, end).split('\r\n')
  const headers = Object.fromEntries(lines.map((line) => line.split(': ', 2)))
  const body = text.slice(end + 4)
  if (Buffer.byteLength(body) < Number(headers['content-length'])) return undefined
  return { status: Number(statusLine.split(' ')[1]), headers, body }
}

/** `total` bytes in pieces of 64 KiB. */
export function* bytes(total: number, fill = ' '): Generator<Uint8Array> {
  const piece = Buffer.alloc(64 * 1024, fill)
  for (let left = total; left > 0; left -= piece.length) {
    yield left < piece.length ? piece.subarray(0, left) : piece
  }
}
