import type { EventRecord, SearchPurpose } from '../store/records.js'
import type { Store } from '../store/store.js'
import { requireStudy } from './studies.js'

/**
 * What watchers of a study are told. Data carry ids and the few numbers a display needs; everything else is read at the
 * addresses of the ids.
 */
export type StudyEvent =
  | {
      type: 'search-started'
      data: { searchId: string; purpose: SearchPurpose; fidelity: string; trials: number }
    }
  | {
      type: 'trial-started'
      data: { trialId: string; searchId: string; position: number; label: string; attempt: number }
    }
  | {
      type: 'trial-progress'
      data: {
        trialId: string
        searchId: string
        tokens: number
        totalTokens: number
        loss: number
        tokensPerSecond: number
      }
    }
  | {
      type: 'trial-measured'
      /** `objective`: the study's objective at this measurement, lower is better. */
      data: {
        trialId: string
        searchId: string
        tokens: number
        values: Record<string, number>
        objective: number
      }
    }
  | {
      type: 'trial-completed'
      data: { trialId: string; searchId: string; position: number; objective: number }
    }
  | {
      type: 'trial-retried'
      data: { trialId: string; searchId: string; attempt: number; detail: string }
    }
  | {
      type: 'trial-failed'
      data: { trialId: string; searchId: string; code: string; detail: string }
    }
  | { type: 'trial-cancelled'; data: { trialId: string; searchId: string } }
  | { type: 'fit-started'; data: { fitId: string; jobId: string; searchId: string } }
  | { type: 'search-finished'; data: { searchId: string; fitId: string | null } }
  | { type: 'search-failed'; data: { searchId: string; code: string; detail: string } }
  | { type: 'search-cancelled'; data: { searchId: string } }

export interface EventService {
  /** Appends an event. Never rejects: watching is not worth failing a trial for. */
  publish(studyId: string, event: StudyEvent): Promise<void>
  /**
   * Events with an id above `after`, oldest first, and then those to come, until the signal aborts (the iteration then ends
   * without an error).
   * @param after 0 for all that are kept
   * @throws MixwrightError `study-not-found`
   */
  follow(studyId: string, after: number, signal: AbortSignal): Promise<AsyncIterable<EventRecord>>
}

/** Events read at a time. */
const PAGE = 500

export function createEventService(store: Store): EventService {
  return {
    async publish(studyId, { type, data }) {
      await store.events.append(studyId, type, data).catch(() => {})
    },
    async follow(studyId, after, signal) {
      await requireStudy(store, studyId)
      return followEvents(store, studyId, after, signal)
    },
  }
}

/**
 * Reads from the store alone, and takes what it hears as a hint to read on: so there is no seam between the events that
 * were there and those that come.
 */
async function* followEvents(
  store: Store,
  studyId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<EventRecord, void, undefined> {
  const bell = createBell(signal)
  const stop = await store.events.listen((rungFor) => {
    if (rungFor === undefined || rungFor === studyId) bell.ring()
  })
  try {
    for (let last = after; !signal.aborted; await bell.rung()) {
      let page: EventRecord[]
      do {
        page = await store.events.after(studyId, last, PAGE)
        for (const event of page) {
          if (signal.aborted) return
          yield event
          last = event.id
        }
      } while (page.length === PAGE)
    }
  } finally {
    await stop()
  }
}

/** Remembers that it was rung until somebody has waited for it. An aborted signal rings it for good. */
function createBell(signal: AbortSignal): { ring(): void; rung(): Promise<void> } {
  let isRung = false
  let wake: (() => void) | undefined
  const ring = () => {
    isRung = true
    wake?.()
  }
  signal.addEventListener('abort', ring, { once: true })
  return {
    ring,
    async rung() {
      if (!isRung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      isRung = false
    },
  }
}
