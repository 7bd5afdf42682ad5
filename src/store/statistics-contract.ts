import type { JobKind, JobState, TrialRecord, TrialState } from './records.js'

/** How much there is of what, for whoever watches over a service. */
export interface StoreCounts {
  /** Trials of all studies; imported runs are none. What there is none of is left out. */
  trials: { evaluator: TrialRecord['evaluator']; state: TrialState; count: number }[]
  /** Jobs that have not ended. */
  jobs: { kind: JobKind; state: Extract<JobState, 'queued' | 'running'>; count: number }[]
  /** Of clients, not given back: within their time, and past it. */
  leases: { held: number; overdue: number }
}

export interface StatisticsRepository {
  counts(): Promise<StoreCounts>
}
