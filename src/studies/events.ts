import { setImmediate } from 'node:timers/promises'
import type { EventRecord, SearchPurpose, TrialState } from '../store/records.js'
import type { Store } from '../store/store.js'
import { requireStudy } from './studies.js'

/**
 * What watchers of a study are told. Data carry ids and the few numbers a display needs; everything else is read at the
 * addresses of the ids.
 */
export type StudyEvent = SearchEvent | TrialEvent

/** `searchId` is null for trials that others run. They have a `position` in every event, those of searches in some. */
type TrialEvent =
  | {
      type: 'trial-measured'
      /** `objective`: the study's objective at this measurement, lower is better; null when it lacks a metric. */
      data: AnyTrial & {
        tokens: number
        values: Record<string, number>
        objective: number | null
      }
    }
  | { type: 'trial-completed'; data: AnyTrial & { position: number; objective: number | null } }
  | { type: 'trial-failed'; data: AnyTrial & { code: string; detail: string } }
  | { type: 'trial-cancelled'; data: AnyTrial }
  | {
      type: 'trial-suggested'
      data: ExternalTrial & { fidelity: string; label: string; client: string; attempt: number }
    }
  | {
      type: 'trial-attached'
      data: ExternalTrial & { fidelity: string; label: string; state: TrialState }
    }
  | { type: 'trial-stop-requested'; data: ExternalTrial & { reason: string } }
  | { type: 'trial-stopped'; data: ExternalTrial & { reason: string | null } }
  | { type: 'trial-expired'; data: ExternalTrial }
  | { type: 'trial-resumed'; data: ExternalTrial }
  | { type: 'trial-abandoned'; data: ExternalTrial & { reason: string | null } }

type AnyTrial = {
  trialId: string
  searchId: string | null
  position?: number
}

type ExternalTrial = {
  trialId: string
  searchId: null
  position: number
}

type SearchEvent =
  | {
      type: 'search-started'
      data: { searchId: string; purpose: SearchPurpose; fidelity: string; trials: number }
    }
  | {
      type: 'trial-started'
      data: {
        trialId: string
        searchId: string
        position: number
        fidelity: string
        label: string
        attempt: number
      }
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
      type: 'trial-retried'
      data: { trialId: string; searchId: string; attempt: number; detail: string }
    }
  | { type: 'fit-started'; data: { fitId: string; jobId: string; searchId: string } }
  | { type: 'search-finished'; data: { searchId: string; fitId: string | null } }
  | { type: 'search-failed'; data: { searchId: string; code: string; detail: string } }
  | { type: 'search-cancelled'; data: { searchId: string } }

export interface EventService {
  /** Appends an event. Never rejects: watching is not worth failing a trial for. */
  publish(studyId: string, event: StudyEvent): Promise<void>
  /**
   * Events with an id above `after`, oldest first, and then those to come, until the signal aborts or, a little later, the
   * study is deleted (the iteration then ends without an error).
   * @param after 0 for all that are kept
   * @throws MixwrightError `study-not-found`
   */
  follow(studyId: string, after: number, signal: AbortSignal): Promise<AsyncIterable<EventRecord>>
}

/** Events read at a time. */
const PAGE = 500

/** A connection that is half open tells of nothing, and is noticed late: quiet studies are looked at now and then. */
const LOOK_EVERY_MS = 20_000

/** @param lookEveryMs longest time without a look for new events */
export function createEventService(store: Store, lookEveryMs = LOOK_EVERY_MS): EventService {
  const read = sharedReads(store)
  return {
    async publish(studyId, { type, data }) {
      await store.events.append(studyId, type, data).catch(() => {})
    },
    async follow(studyId, after, signal) {
      await requireStudy(store, studyId)
      return followEvents({ store, read, studyId, after, lookEveryMs }, signal)
    },
  }
}

type Read = (studyId: string, after: number) => Promise<readonly EventRecord[]>

/** Watchers of one study wake at the same moment and mostly are at the same event: one read is enough for all of them. */
function sharedReads(store: Store): Read {
  const next = new Map<string, Promise<EventRecord[]>>()
  return (studyId, after) => {
    const key = `${studyId} ${after}`
    const known = next.get(key)
    if (known) return known
    // Nobody joins a read that has begun: what woke them may have come after it.
    const read = setImmediate().then(() => {
      next.delete(key)
      return store.events.after(studyId, after, PAGE)
    })
    next.set(key, read)
    return read
  }
}

interface Following {
  store: Store
  read: Read
  studyId: string
  after: number
  lookEveryMs: number
}

/**
 * Reads from the store alone, and takes what it hears as a hint to read on: so there is no seam between the events that
 * were there and those that come.
 */
async function* followEvents(
  { store, read, studyId, after, lookEveryMs }: Following,
  signal: AbortSignal,
): AsyncGenerator<EventRecord, void, undefined> {
  const bell = createBell(signal, lookEveryMs)
  const stop = await store.events.listen((rungFor) => {
    if (rungFor === undefined || rungFor === studyId) bell.ring()
  })
  try {
    for (let last = after; !signal.aborted; ) {
      let page: readonly EventRecord[]
      do {
        page = await read(studyId, last)
        for (const event of page) {
          if (signal.aborted) return
          yield event
          last = event.id
        }
      } while (page.length === PAGE)
      const wasRung = await bell.rung()
      if (!wasRung && !(await store.studies.get(studyId))) return
    }
  } finally {
    await stop()
  }
}

/**
 * Remembers that it was rung until somebody has waited for it. A wait is over after `longestMs` at the latest, and tells
 * whether it was rung. An aborted signal rings it for good.
 */
function createBell(
  signal: AbortSignal,
  longestMs: number,
): { ring(): void; rung(): Promise<boolean> } {
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
        let timer: NodeJS.Timeout | undefined
        await new Promise<void>((resolve) => {
          wake = resolve
          timer = setTimeout(resolve, longestMs)
        })
        clearTimeout(timer)
      }
      const wasRung = isRung || signal.aborted
      isRung = false
      return wasRung
    },
  }
}
