import type { EventRecord, SearchPurpose } from '../store/records.js'

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
