/**
 * PostgreSQL's wire protocol 3.0, as much of it as sharing one session among several clients needs.
 * Source: PostgreSQL documentation, "Frontend/Backend Protocol".
 */

/** Message types that clients send, as their first byte. */
export const FRONTEND = { query: 0x51, parse: 0x50, sync: 0x53, flush: 0x48, terminate: 0x58 }

/** Message types that the server sends, as their first byte. */
export const BACKEND = {
  authentication: 0x52,
  commandComplete: 0x43,
  error: 0x45,
  keyData: 0x4b,
  notification: 0x41,
  parameterStatus: 0x53,
  ready: 0x5a,
}

/** `I` outside a transaction, `T` inside one, `E` inside one that has failed. */
export type TransactionStatus = 'I' | 'T' | 'E'

/** A message within a buffer: `[start, end)` with its type byte, `[body, end)` without type and length. */
export interface Frame {
  type: number
  start: number
  body: number
  end: number
}

/** The complete messages in the bytes, from `offset` on; an incomplete rest is left out. */
export function* frames(bytes: Buffer, offset = 0): Generator<Frame> {
  let start = offset
  while (start + 5 <= bytes.length) {
    const end = start + 1 + bytes.readUInt32BE(start + 1)
    if (end > bytes.length) return
    yield { type: bytes[start], start, body: start + 5, end }
    start = end
  }
}

/** The zero-terminated string at the offset, and where the next field begins. */
export function readString(bytes: Buffer, offset: number): { text: string; next: number } {
  const zero = bytes.indexOf(0, offset)
  return { text: bytes.toString('utf8', offset, zero), next: zero + 1 }
}

function message(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head[0] = type
  head.writeUInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** A simple query, as a client sends it. */
export function queryMessage(sql: string): Buffer {
  return message(FRONTEND.query, Buffer.from(`${sql}\0`))
}

/** What a server answers to a client's first packet: it is let in, no password asked. */
export function welcomeMessage(parameters: Record<string, string>): Buffer {
  return Buffer.concat([
    message(BACKEND.authentication, Buffer.alloc(4)),
    ...Object.entries(parameters).map(([name, value]) =>
      message(BACKEND.parameterStatus, Buffer.from(`${name}\0${value}\0`)),
    ),
    message(BACKEND.keyData, Buffer.alloc(8)),
    message(BACKEND.ready, Buffer.from('I')),
  ])
}

/** An error that ends the connection. */
export function fatalMessage(code: string, text: string): Buffer {
  const fields = `SFATAL\0VFATAL\0C${code}\0M${text}\0\0`
  return message(BACKEND.error, Buffer.from(fields))
}

export interface Reply {
  /** The reply without notifications. */
  forward: Buffer
  notifications: { channel: string; bytes: Buffer }[]
  /** Command tags in order, for example `SELECT 1`, `LISTEN`, `COMMIT`. */
  tags: string[]
  failed: boolean
  /** Undefined when the server is still within an exchange. */
  status: TransactionStatus | undefined
}

/** Takes a reply of the server apart. */
export function inspectReply(bytes: Buffer): Reply {
  const reply: Reply = {
    forward: bytes,
    notifications: [],
    tags: [],
    failed: false,
    status: undefined,
  }
  const kept: Buffer[] = []
  let keptUntil = 0
  for (const { type, start, body, end } of frames(bytes)) {
    if (type === BACKEND.commandComplete) reply.tags.push(readString(bytes, body).text)
    else if (type === BACKEND.error) reply.failed = true
    else if (type === BACKEND.ready)
      reply.status = String.fromCharCode(bytes[body]) as TransactionStatus
    else if (type === BACKEND.notification) {
      const channel = readString(bytes, body + 4).text
      reply.notifications.push({ channel, bytes: bytes.subarray(start, end) })
      kept.push(bytes.subarray(keptUntil, start))
      keptUntil = end
    }
  }
  if (keptUntil > 0) reply.forward = Buffer.concat([...kept, bytes.subarray(keptUntil)])
  return reply
}
