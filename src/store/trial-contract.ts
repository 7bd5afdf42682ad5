import type { TriedVersion } from './external-trial-contract.js'
import type {
  AttemptRecord,
  EventRecord,
  FitRecord,
  ImportRecord,
  JobRecord,
  LeaseRecord,
  MeasurementRecord,
  ProxyTrialRecord,
  ProxyTrialState,
  SearchRecord,
  SearchState,
  TrialRecord,
  TrialState,
} from './records.js'
import type { Page } from './store.js'

/** A trial of a search. */
export type NewTrial = Pick<
  ProxyTrialRecord,
  | 'id'
  | 'studyId'
  | 'searchId'
  | 'position'
  | 'fidelity'
  | 'label'
  | 'reason'
  | 'weights'
  | 'seed'
  | 'jobId'
>

export interface NewEvent {
  type: string
  data: Record<string, unknown>
}

export interface SearchRepository {
  /**
   * Writes a running search with its first trials (`waiting`) and their queued jobs (kind `trial`) in one transaction.
   * Undefined when the study has a search that is running or fitting, or is gone.
   */
  insert(
    search: Omit<
      SearchRecord,
      'state' | 'fitId' | 'problem' | 'version' | 'createdAt' | 'finishedAt'
    >,
    trials: readonly NewTrial[],
  ): Promise<SearchRecord | undefined>
  /**
   * Adds trials (`waiting`, with their queued jobs) to a search that is running and has as many as `expectedTrials`. False, and
   * nothing is written, when it has another number of them, or is not running any more.
   */
  extend(id: string, expectedTrials: number, trials: readonly NewTrial[]): Promise<boolean>
  get(id: string): Promise<SearchRecord | undefined>
  list(studyId: string, page: Page): Promise<SearchRecord[]>
  /** How many of its trials are in which state. */
  counts(id: string): Promise<Record<ProxyTrialState, number>>
  /**
   * Once all trials have ended: writes the fit and its job, and moves the search from `running` to `fitting`, in one
   * transaction. False when the search is not running any more, or a trial is waiting or running.
   */
  beginFit(
    id: string,
    fit: Omit<FitRecord, 'recommendation' | 'createdAt' | 'finishedAt'>,
  ): Promise<boolean>
  /**
   * Compare-and-set from one of the states `from`, with the event that tells of it in the same transaction. False, and
   * nothing is written, when it is in another.
   */
  end(
    id: string,
    from: readonly SearchState[],
    end: {
      state: 'finished' | 'failed' | 'cancelled'
      problem: Record<string, unknown> | null
    },
    event?: NewEvent,
  ): Promise<boolean>
  /** Searches that are running or fitting. */
  unfinished(): Promise<SearchRecord[]>
}

export interface TrialQuery extends Page {
  studyId: string
  searchId?: string
  evaluator?: TrialRecord['evaluator']
  state?: TrialState
}

/** Everything that was tried in a study, or is being tried, at one moment. */
export interface TriedStudy extends TriedVersion {
  /** Complete ones with training runs, oldest first. */
  imports: Pick<ImportRecord, 'id' | 'fidelity'>[]
  /** Of searches and of others, in the order of creation; not of comparisons, which are for judging a fit. */
  trials: TriedTrial[]
}

export interface TriedTrial extends Pick<TrialRecord, 'id' | 'searchId' | 'fidelity' | 'state'> {
  /** It may yet be completed: it waits, runs, or can be handed out again. */
  isOpen: boolean
  /** Null of completed ones: their rows have them. */
  weights: number[] | null
}

/** A trial with all that was done for it. */
export interface TrialDetail {
  trial: TrialRecord
  /** By number. */
  attempts: (AttemptRecord & { leases: LeaseRecord[] })[]
  /** By attempt and tokens; those of the attempt that completed the trial are last. */
  measurements: MeasurementRecord[]
}

/** Trials as everybody reads them, and what workers do to those of proxies. */
export interface TrialRepository {
  get(id: string): Promise<TrialRecord | undefined>
  /** Undefined for trials that others run. */
  getProxy(id: string): Promise<ProxyTrialRecord | undefined>
  /** In the order of creation. `after` is a trial id. */
  list(query: TrialQuery & { searchId: string }): Promise<ProxyTrialRecord[]>
  list(query: TrialQuery): Promise<TrialRecord[]>
  /** With its attempts, their leases and all measurements; in one round trip. */
  detail(id: string): Promise<TrialDetail | undefined>
  attempts(trialId: string): Promise<AttemptRecord[]>
  leases(attemptId: string): Promise<LeaseRecord[]>
  /** In the order of those in the detail. */
  measurements(trialId: string): Promise<MeasurementRecord[]>
  /** The last of `measurements` by trial, without those that have none; in one round trip. */
  latestMeasurements(trialIds: readonly string[]): Promise<Map<string, MeasurementRecord>>
  /**
   * Begins an attempt under the job that this worker holds, with a lease: the trial is `running`, an attempt left open
   * becomes `lost` and its lease is released. Undefined when the trial has ended or the job is not this worker's.
   */
  beginAttempt(
    trialId: string,
    worker: string,
    leaseExpiresAt: Date,
  ): Promise<AttemptRecord | undefined>
  /** False when the lease was released or given to another. */
  renewLease(attemptId: string, worker: string, expiresAt: Date): Promise<boolean>
  /**
   * Append-only. False, and nothing is written, when the trial has a measurement at the same number of tokens or the attempt
   * is not open any more.
   */
  measure(measurement: Omit<MeasurementRecord, 'createdAt'>): Promise<boolean>
  /**
   * Writes the last measurement, ends attempt, lease and job, and completes the trial, in one transaction. False (and
   * nothing written) when the trial was completed before or the job is not this worker's: the first completion wins.
   */
  complete(
    attemptId: string,
    worker: string,
    last: Omit<MeasurementRecord, 'createdAt' | 'attemptId' | 'trialId'>,
  ): Promise<boolean>
  /**
   * Ends an attempt that did not complete, its lease and its hold on the job, in one transaction: `retry` puts trial
   * and job back to wait, or cancels them when that was asked for; otherwise the trial is set aside as `failed`, or is
   * `cancelled`, and so is the job. False (and nothing written) when the attempt is not open or the job not this worker's.
   */
  endAttempt(
    attemptId: string,
    worker: string,
    end: {
      state: 'failed' | 'interrupted' | 'cancelled'
      problem: Record<string, unknown> | null
      retry: boolean
    },
  ): Promise<boolean>
  /** Cancels waiting trials with their jobs at once and asks for running ones to be cancelled. Returns their jobs. */
  cancelSearch(searchId: string): Promise<JobRecord[]>
  /**
   * Sets aside or cancels a trial whose job has failed or been cancelled without an attempt that could say so; one left open
   * is `lost`. Jobs that are ended or cancelled through this store do so by themselves. Returns whether it did.
   */
  settle(trialId: string): Promise<boolean>
  /**
   * Completed trials with their last measurement, in the order given, as pages of JSON text (an array of RunRow whose
   * `runId` is the trial's id), as `ImportRepository.readRows`. Their `seconds` are those between the beginning and the end of
   * the attempt that completed them, null where a result came without an attempt.
   */
  readRows(trialIds: readonly string[], pageRows?: number): AsyncIterable<string>
  /** Of which study and at which fidelity the trials are, in the order given; those that are gone are left out. */
  origins(trialIds: readonly string[]): Promise<Pick<TrialRecord, 'id' | 'studyId' | 'fidelity'>[]>
  /** Undefined when there is no such study. One statement: nothing that changes meanwhile is in none of its parts. */
  tried(studyId: string): Promise<TriedStudy | undefined>
  /** Ids of trials that ended before the date: nothing resumes from their checkpoints. */
  endedBefore(date: Date): Promise<string[]>
  /** Which of these ids are trials that may still be resumed. */
  unended(ids: readonly string[]): Promise<Set<string>>
}

/** What happened in a study, for people who watch. Append-only until pruned. */
export interface EventRepository {
  append(
    studyId: string,
    type: string,
    data: Record<string, unknown>,
  ): Promise<EventRecord | undefined>
  /** Events with an id above `after`, oldest first. */
  after(studyId: string, after: number, limit: number): Promise<EventRecord[]>
  /**
   * Calls back, with the study's id, soon after events were appended by any process on this database. Calls may be joined;
   * a lost connection is taken up again, and then every listener is called once for all studies (id undefined).
   */
  listen(onEvents: (studyId: string | undefined) => void): Promise<() => Promise<void>>
  /** Removes events older than the date. Returns how many. */
  deleteBefore(date: Date): Promise<number>
}
