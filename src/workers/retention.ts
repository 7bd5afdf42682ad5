/** For how long things are kept that nothing needs any more. */
export interface Retention {
  /** Days after its end that a trial's checkpoint is kept; that of one that completed is removed at once. */
  checkpointDays: number
  /** Days after its end that a job is kept. */
  jobDays: number
  /** Days that an event is kept. */
  eventDays: number
}

export const DEFAULT_RETENTION: Retention = { checkpointDays: 1, jobDays: 30, eventDays: 30 }
