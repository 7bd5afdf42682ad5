import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

/** Answers after which the same request may succeed, sent again with its Idempotency-Key. */
const RETRIED_STATUSES = new Set([429, 502, 503, 504])
const RETRIED_CODES = ['idempotency-key-in-flight']

const LONGEST_PAUSE_MS = 30_000
const TIMEOUT_MS = 60_000

export interface RetryOptions {
  /** How long a request is tried before its answer or error is passed on. */
  seconds: number
  /** Ends everything. */
  signal?: AbortSignal
  /** Called with lines for people. */
  log: (line: string) => void
}

/**
 * A `fetch` that tries again, with growing pauses, while the service cannot be reached or says that it is busy. All tries of a
 * POST have one Idempotency-Key: what was done already is not done again.
 */
export function retryingFetch({ seconds, signal, log }: RetryOptions) {
  return async (request: Request): Promise<Response> => {
    if (request.method === 'POST') request.headers.set('idempotency-key', randomUUID())
    const deadline = Date.now() + 1000 * seconds
    for (let tries = 1; ; tries++) {
      const answer = await tryOnce(request, signal)
      if (answer instanceof Response && !(await mayChange(answer))) return answer
      signal?.throwIfAborted()
      const named = answer instanceof Response ? retryAfterSeconds(answer) : undefined
      const pause = named === undefined ? pauseMs(tries) : 1000 * named
      if (Date.now() + pause > deadline) {
        if (answer instanceof Response) return answer
        throw answer
      }
      const what = answer instanceof Response ? `status ${answer.status}` : messageOf(answer)
      const { pathname } = new URL(request.url)
      log(`${request.method} ${pathname}: ${what}; trying again in ${(pause / 1000).toFixed(1)} s`)
      await delay(pause, undefined, { signal })
    }
  }
}

async function tryOnce(request: Request, signal?: AbortSignal): Promise<Response | Error> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const ends = signal ? AbortSignal.any([signal, timeout]) : timeout
    const answer = await fetch(request.clone(), { signal: ends })
    // An answer that breaks off is no answer: it is read here, where it can be asked for again.
    const body = await answer.arrayBuffer()
    const { status, headers } = answer
    return new Response(body.byteLength > 0 ? body : null, { status, headers })
  } catch (error) {
    return error as Error
  }
}

async function mayChange(answer: Response): Promise<boolean> {
  if (answer.ok) return false
  if (RETRIED_STATUSES.has(answer.status)) return true
  const text = await answer.clone().text()
  return RETRIED_CODES.some((code) => text.includes(`"${code}"`))
}

/** After which an answer asks to come again, if it does. */
export function retryAfterSeconds(answer: Response): number | undefined {
  const seconds = answer.headers.get('retry-after')
  return seconds && /^\d+$/.test(seconds) ? Number(seconds) : undefined
}

function pauseMs(tries: number): number {
  return (Math.min(LONGEST_PAUSE_MS, 250 * 2 ** tries) * randomInt(500, 1000)) / 1000
}

/** `fetch` says only that it failed; why is in the cause. */
function messageOf({ message, cause }: Error): string {
  const { message: why, code } = (cause ?? {}) as { message?: string; code?: string }
  return why || code || message
}
