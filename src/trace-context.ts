import { randomBytes } from 'node:crypto'

/** Where a request belongs, as the W3C Trace Context says it: https://www.w3.org/TR/trace-context/. */
export interface TraceContext {
  /** 32 hexadecimal digits, shared by everything that one request far away has caused. */
  traceId: string
  /** 16 hexadecimal digits, of this step. */
  spanId: string
  /** Whether the caller records the trace. */
  sampled: boolean
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const NONE = /^0+$/

/** @returns undefined for a `traceparent` that is none: a new trace is to be begun then */
export function parseTraceparent(text: string): TraceContext | undefined {
  const [, version, traceId, spanId, flags, more] = FORM.exec(text) ?? []
  if (version === undefined || version === 'ff' || NONE.test(traceId) || NONE.test(spanId)) {
    return undefined
  }
  // Later versions may say more; this one has four parts.
  if (version === '00' && more !== undefined) return undefined
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

/** A step of the same trace, or the first step of a new one. */
export function nextSpan(parent?: TraceContext): TraceContext {
  return {
    traceId: parent?.traceId ?? randomId(16),
    spanId: randomId(8),
    sampled: parent?.sampled ?? false,
  }
}

const POOL_BYTES = 4096
let pool = Buffer.alloc(0)
let used = 0

/** Bytes are fetched for many ids at a time: one call for each would cost more than all else here. */
function randomId(bytes: number): string {
  if (used + bytes > pool.length) {
    pool = randomBytes(POOL_BYTES)
    used = 0
  }
  const id = pool.toString('hex', used, used + bytes)
  used += bytes
  return NONE.test(id) ? randomId(bytes) : id
}
