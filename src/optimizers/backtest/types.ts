import type { RowMatrix } from '../row-matrix.js'
import type { CompiledProblem, Memo, Optimizer, RunTable } from '../types.js'

/** A table of runs that a method is replayed on: nothing is trained, what a run would have given is looked up. */
export interface BacktestTable {
  compiled: CompiledProblem
  /** A table for each fidelity. Costs are those of the problem's fidelities. */
  tables: readonly RunTable[]
  /** The fidelity that mixtures are recommended for; its runs are the mixtures to choose among. */
  target: string
}

/** A method as it is replayed. */
export interface BacktestEntry {
  /** Names the entry in reports. */
  label: string
  method: Optimizer
  params: Record<string, unknown>
  /** Fidelities at which it may try mixtures. Default: all that have a table and cost no more than the target. */
  fidelities?: readonly string[]
}

export interface ReplayInput {
  table: BacktestTable
  entry: BacktestEntry
  seed: number
  /** The replay ends before the run that would cost more than this in all. Unit: of the fidelities' costs. */
  budget: number
  /** … and after so many runs. */
  maxRuns: number
  /** Fidelities other than the target whose scores are permuted (by the seed): what a method does where it learns nothing. */
  shuffle?: readonly string[]
  memo?: Memo
  onStep?: (step: { run: number; cost: number }) => void
}

/** One run of a replay, and what the method would recommend after it. */
export interface ReplayStep {
  fidelity: string
  /** Row of the fidelity's table. */
  row: number
  /** Of all runs so far, this one included. */
  cost: number
  /** Row of the target's table; null where the method cannot tell yet. */
  pick: number | null
}

/** One method on one seed. */
export interface Replay {
  label: string
  seed: number
  /** The pick before any run, at cost 0: a row of the target's table; null where the method cannot tell yet. */
  first: number | null
  steps: ReplayStep[]
  end: ReplayEnd
}

/** Why a replay ended; `stopped` where the method suggests nothing though there is something left to try. */
export type ReplayEnd = 'budget' | 'runs' | 'nothing-left' | 'stopped'

/** Mean over the seeds with its 95 % interval; null where no seed has a value. */
export interface Estimate {
  mean: number
  lower: number
  upper: number
  /** Seeds that have a value. */
  seeds: number
}

/**
 * The four numbers after a cost (ADMIRE's tables report only the first, as if every recommended mixture had been run at the target).
 * Scores are the true objective at the target, lower is better.
 */
export interface BudgetSummary {
  cost: number
  /** Best true score among all picks so far, which nobody has paid for. */
  runningBest: Estimate | null
  /** True score of the current pick. */
  pick: Estimate | null
  /** Best score among the runs made at the target. */
  paid: Estimate | null
  /** True score of the pick less that of the best candidate, ≥ 0. */
  regret: Estimate | null
}

export interface EntrySummary {
  label: string
  method: string
  budgets: BudgetSummary[]
  /** Runs by fidelity at the end, mean over the seeds. */
  runs: Record<string, number>
  /** How many seeds ended for which reason. */
  ends: Record<ReplayEnd, number>
  /** First time that the optimum was run at the target: how many target runs, and the cost of all runs; seeds without it count as never. */
  optimumPaid: { share: number; medianTargetRuns: number | null; medianCost: number | null }
  /** First cost from which on the pick stays within the tolerance of the optimum. */
  withinTolerance: { share: number; medianCost: number | null }
}

export interface BacktestReport {
  target: string
  /** Candidates at the target. */
  candidates: number
  /** True scores, lower is better. */
  best: number
  mean: number
  /** How far from the best counts as found. */
  tolerance: number
  seeds: number[]
  entries: EntrySummary[]
}

/** What is left to try at each fidelity, with the rows of its table. */
export interface Remaining {
  rows: number[]
  candidates: RowMatrix
}
