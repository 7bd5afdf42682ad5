import type { BacktestRepository } from './backtest-contract.js'
import type { CorpusRepository } from './corpus-contract.js'
import type { ExternalTrialRepository } from './external-trial-contract.js'
import type { IdempotencyRepository } from './idempotency-contract.js'
import type { ApiKeyRepository } from './key-contract.js'
import type { FitRecord, ImportRecord, JobKind, JobRecord, StudyRecord } from './records.js'
import type { StatisticsRepository } from './statistics-contract.js'
import type { EventRepository, SearchRepository, TrialRepository } from './trial-contract.js'

/** The page after `after` (an id), newest first; ids are UUID v7, so their order is the order of creation. */
export interface Page {
  after?: string
  limit: number
}

export interface StudyRepository {
  insert(
    study: Omit<
      StudyRecord,
      'version' | 'externalTrials' | 'triedVersion' | 'createdAt' | 'updatedAt' | 'domainSetVersion'
    >,
  ): Promise<StudyRecord>
  get(id: string): Promise<StudyRecord | undefined>
  list(page: Page & { owner?: string; label?: [string, string] }): Promise<StudyRecord[]>
  /** Compare-and-set on the version, which is raised. Undefined when the study has another, or is gone. */
  update(
    id: string,
    version: number,
    change: Partial<Pick<StudyRecord, 'name' | 'labels' | 'trialPolicy'>>,
  ): Promise<StudyRecord | undefined>
  /**
   * Removes the study with all its imports, runs, searches, trials, fits, backtests, jobs and events. False when there is none, or it
   * has another version than the one that is given.
   */
  delete(id: string, version?: number): Promise<boolean>
}

export interface ImportRepository {
  /** Opens an import in state `staging`: its rows stay invisible until `complete`. */
  begin(
    record: Omit<ImportRecord, 'state' | 'rowCount' | 'createdAt' | 'completedAt'>,
  ): Promise<void>
  /**
   * Appends rows from JSON text, an array of RunRow: text, because a worker thread has made and checked it and the
   * main thread only passes it on. A run id already present in the same study, role, hold-out and fidelity
   * throws DuplicateRunError, which lists up to 20 of them.
   */
  appendRows(importId: string, rowsJson: string): Promise<void>
  /**
   * Makes the import and all its rows visible, together.
   * @param accept called where `evaluations` are given, with those of the complete imports of the study at the same fidelity;
   *   what it throws keeps the import open. No other such import is completed meanwhile.
   */
  complete(
    importId: string,
    summary: {
      rowCount: number
      warnings: unknown[]
      evaluations?: ImportRecord['evaluations']
    },
    accept?: (earlier: readonly ImportRecord[]) => void,
  ): Promise<ImportRecord>
  /** Removes an import that did not come to its end, with its rows. */
  discard(importId: string): Promise<void>
  /** Discards imports that were staging before the date and have got no row since: their process has died. */
  discardStagingBefore(date: Date): Promise<number>
  get(id: string): Promise<ImportRecord | undefined>
  list(studyId: string): Promise<ImportRecord[]>
  /** Complete imports after `after`, in the order of creation. */
  page(studyId: string, page: Page): Promise<ImportRecord[]>
  /**
   * Rows of complete imports in the order of insertion, as pages of JSON text (an array of RunRow with `importId`)
   * of at most `pageRows` rows, so that they can be handed to a worker thread without being parsed here.
   */
  readRows(importIds: readonly string[], pageRows?: number): AsyncIterable<string>
}

export interface FitRepository {
  /** Writes the fit and its queued job in one transaction. */
  insertWithJob(
    fit: Omit<FitRecord, 'recommendation' | 'createdAt' | 'finishedAt'>,
    job: { id: string; kind: JobKind },
  ): Promise<{ fit: FitRecord; job: JobRecord }>
  get(id: string): Promise<FitRecord | undefined>
  /** The newest fit of the study that has a recommendation. */
  latestFinished(studyId: string): Promise<FitRecord | undefined>
  /**
   * Writes the result, the models and the end of the job in one transaction; false (and nothing written) when
   * the job is no longer running under this worker.
   */
  finish(
    fitId: string,
    worker: string,
    result: {
      recommendation: Record<string, unknown>
      models: { metric: string; surrogate: string; model: string }[]
    },
  ): Promise<boolean>
  /** The fitted surrogates of a fit, as JSON text. */
  models(
    fitId: string,
    metrics?: readonly string[],
  ): Promise<{ metric: string; surrogate: string; model: string }[]>
}

/**
 * What keeps a job: it is itself under way, or its trial is; a search waits for its fit; or its fit, ingestion or
 * backtest came to nothing, and the job alone says why.
 */
export type JobNeed = 'under-way' | 'trial' | 'search' | 'fit' | 'ingestion' | 'backtest'

export interface JobRepository {
  get(id: string): Promise<JobRecord | undefined>
  list(page: Page & { studyId?: string }): Promise<JobRecord[]>
  /**
   * Compare-and-set: takes a queued job, or a running one whose heartbeat is older than `staleBefore`, for this
   * worker. Undefined when someone has it (this same worker too) or it ended. A worker's name must be its own alone.
   */
  claim(id: string, worker: string, staleBefore: Date): Promise<JobRecord | undefined>
  /** Proof of life, with progress. Returns whether the job is still this worker's, and whether its cancellation was asked for. */
  heartbeat(
    id: string,
    worker: string,
    progress?: JobRecord['progress'],
  ): Promise<{ held: boolean; cancelRequested: boolean }>
  /** Ends a job that this worker holds as failed or cancelled, and its trial with it. False when it is not held. */
  end(
    id: string,
    worker: string,
    end: { state: 'failed' | 'cancelled'; problem: Record<string, unknown> | null },
  ): Promise<boolean>
  /** Gives a running job back to the queue (clean stop). */
  release(id: string, worker: string): Promise<boolean>
  /**
   * Cancels a queued job at once, and its trial with it, or asks for a running one to be cancelled. Undefined when there
   * is none.
   */
  requestCancel(id: string): Promise<JobRecord | undefined>
  /**
   * Jobs that should be running and are not: queued ones, and running ones with a heartbeat older than the date. Of each
   * kind 1,000 at most, running ones first, then the oldest: the next look finds the rest.
   */
  findOrphans(staleBefore: Date): Promise<JobRecord[]>
  /**
   * Removes jobs that ended before the date and that no fit, ingestion, trial or backtest needs any more: that of one which
   * came to nothing says why, and stays as long as it does. What a job was about keeps its id. Returns how many.
   */
  deleteEndedBefore(date: Date): Promise<number>
  /** Removes an ended job under the same conditions. Undefined when there is none; otherwise what it is kept for. */
  delete(id: string): Promise<'deleted' | JobNeed | undefined>
  /** Gives a running orphan back to `queued`. False when it is not one. */
  requeueOrphan(id: string, staleBefore: Date): Promise<boolean>
}

/** The database as the rest of the program sees it. Knows no HTTP, no queue and no mathematics. */
export interface Store {
  readonly kind: 'embedded' | 'postgresql'
  readonly studies: StudyRepository
  readonly imports: ImportRepository
  readonly fits: FitRepository
  readonly backtests: BacktestRepository
  readonly jobs: JobRepository
  readonly corpora: CorpusRepository
  readonly searches: SearchRepository
  readonly trials: TrialRepository
  readonly externalTrials: ExternalTrialRepository
  readonly events: EventRepository
  readonly statistics: StatisticsRepository
  readonly idempotency: IdempotencyRepository
  readonly apiKeys: ApiKeyRepository
  /** A round trip to the database; rejects when it does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** Thrown by `appendRows`. */
export class DuplicateRunError extends Error {
  override readonly name = 'DuplicateRunError'
  readonly runIds: readonly string[]

  constructor(runIds: readonly string[]) {
    super(`run ids already imported: ${runIds.join(', ')}`)
    this.runIds = runIds
  }
}
