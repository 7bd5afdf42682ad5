import { setTimeout as delay } from 'node:timers/promises'
import { MixwrightError } from '../../errors.js'
import type { StudyEvent } from '../../studies/events.js'
import type { HttpClient } from './http-client.js'

/** Until the service says otherwise. */
const RETRY_MS = 2_000

/** A frame of a stream of server-sent events. */
export interface Frame {
  id?: string
  event?: string
  data: string
  /** Milliseconds to wait before coming back. */
  retry?: number
}

/**
 * The frames of an event stream, comments left out.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const decoder = new TextDecoder()
  let rest = ''
  let lines: string[] = []
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    // A CR at the end may be the first half of a CRLF.
    const isCut = rest.endsWith('\r')
    const parts = (isCut ? rest.slice(0, -1) : rest).split(/\r\n|\n|\r/)
    rest = (parts.pop() ?? '') + (isCut ? '\r' : '')
    for (const line of parts) {
      if (line !== '') lines.push(line)
      else {
        if (lines.length > 0) yield frameOf(lines)
        lines = []
      }
    }
  }
}

function frameOf(lines: readonly string[]): Frame {
  const frame: Frame = { data: '' }
  const data: string[] = []
  for (const line of lines) {
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (name === 'data') data.push(value)
    else if (name === 'id' || name === 'event') frame[name] = value
    else if (name === 'retry' && /^\d+$/.test(value)) frame.retry = Number(value)
  }
  return { ...frame, data: data.join('\n') }
}

export interface WatchOptions {
  /** Ends the iteration, without an error. */
  signal: AbortSignal
  /** Told when the connection was lost, and once it is back. */
  onConnection?: (state: 'lost' | 'back') => void
}

/**
 * What happens in a study, from its first event that is kept. A connection that is lost is taken up again where it broke off.
 * @param study address of the study
 * @throws MixwrightError what the service refuses, for instance `study-not-found`
 */
export async function* watchStudy(
  http: HttpClient,
  study: string,
  { signal, onConnection = () => {} }: WatchOptions,
): AsyncGenerator<StudyEvent> {
  let last = '0'
  let retry = RETRY_MS
  let isLost = false
  while (!signal.aborted) {
    try {
      for await (const frame of await openStream(http, study, last, signal)) {
        if (isLost) onConnection('back')
        isLost = false
        last = frame.id ?? last
        retry = frame.retry ?? retry
        if (frame.data !== '') {
          yield { type: frame.event, data: JSON.parse(frame.data) } as StudyEvent
        }
      }
    } catch (error) {
      if (error instanceof MixwrightError && error.status < 500) throw error
    }
    if (signal.aborted) return
    if (!isLost) onConnection('lost')
    isLost = true
    // A wait that is cut short is no error: the loop ends.
    await delay(retry, undefined, { signal }).catch(() => {})
  }
}

async function openStream(
  http: HttpClient,
  study: string,
  last: string,
  signal: AbortSignal,
): Promise<AsyncGenerator<Frame>> {
  const { body } = await http.request({
    method: 'GET',
    address: `${study}/events`,
    headers: { accept: 'text/event-stream', 'last-event-id': last },
    signal,
  })
  if (!body) throw new Error('the event stream has no body')
  return readFrames(body)
}
