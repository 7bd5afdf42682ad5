import type { BacktestReport } from '../optimizers/backtest/types.js'
import type { CompleteProblem } from '../optimizers/problem.js'
import type { Recommendation } from '../optimizers/recommendation.js'
import type { JobRecord } from './records.js'
import type { Page } from './store.js'

/** A method as it is replayed, every default written out. */
export interface BacktestMethod {
  /** Names it in the report; no two of a backtest have the same. */
  label: string
  method: string
  params: Record<string, unknown>
  /** Where it may try mixtures. */
  fidelities: string[]
}

/** What is replayed and how far, every default written out. */
export interface BacktestSettings {
  target: string
  /** Fidelity → cost of a run, of all that have runs. */
  costs: Record<string, number>
  methods: BacktestMethod[]
  /** How many: the first is `seed`, the others follow it. */
  seeds: number
  seed: number
  budget: number
  /** The costs that the report has the four numbers for, ascending. */
  budgets: number[]
  maxRuns: number
  /** How far from the best counts as found, in the objective's unit. */
  tolerance: number
  /** Fidelities whose scores are permuted. */
  shuffle: string[]
}

/** What a backtest says, and what it was made from: the same settings and provenance give the same. */
export type StoredBacktestReport = BacktestReport & { provenance: Recommendation['provenance'] }

export interface BacktestRecord {
  id: string
  /** Null for one that brought its own runs. */
  studyId: string | null
  jobId: string
  /** With the costs that the backtest counts with. */
  problem: CompleteProblem
  settings: BacktestSettings
  /** Ids of the study's imports that are replayed, fixed when it was requested. */
  importIds: string[]
  /** Ids of the study's trials that are replayed, fixed when it was requested. */
  trialIds: string[]
  /** SHA-256 (hex) over all runs. */
  dataHash: string
  /** Null until the job has succeeded. */
  report: StoredBacktestReport | null
  createdAt: Date
  finishedAt: Date | null
}

/** A backtest in a list: of what may be thousands of ids, their number. */
export interface ListedBacktest
  extends Omit<BacktestRecord, 'problem' | 'report' | 'importIds' | 'trialIds'> {
  imports: number
  trials: number
}

/** Runs at one fidelity as pages of JSON text: arrays of RunRow. */
export interface BacktestRuns {
  fidelity: string
  pages: string[]
}

export interface BacktestRepository {
  /**
   * Writes the backtest and its queued job (kind `backtest`) in one transaction.
   * @param runs of one without a study; they are removed when nothing needs them any more
   */
  insertWithJob(
    backtest: Omit<BacktestRecord, 'report' | 'createdAt' | 'finishedAt'>,
    runs: readonly BacktestRuns[],
  ): Promise<{ backtest: BacktestRecord; job: JobRecord }>
  get(id: string): Promise<BacktestRecord | undefined>
  list(page: Page & { studyId?: string }): Promise<ListedBacktest[]>
  /** The runs that it brought, by fidelity, in the order they were given. */
  runs(id: string): Promise<BacktestRuns[]>
  /**
   * Writes the report and the end of the job in one transaction; false (and nothing written) when the job is no longer running under
   * this worker.
   */
  finish(id: string, worker: string, report: StoredBacktestReport): Promise<boolean>
  /** Removes the backtest and its job. False when there is none. */
  delete(id: string): Promise<boolean>
  /** Removes the runs of backtests whose jobs have ended. Returns of how many. */
  deleteNeedlessRuns(): Promise<number>
}
