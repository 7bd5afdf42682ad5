import { type BacktestTable, defaultBudgets } from '../optimizers/backtest/index.js'
import { measuredObjective } from '../optimizers/objective.js'
import { standardDeviation } from '../optimizers/surrogates/statistics.js'
import type { RunTable } from '../optimizers/types.js'

/** How far a backtest goes and what it judges by, as somebody asks for it. */
export interface AskedTerms {
  /** What a replay may cost. Default: the largest of `budgets`; without them 20 runs at the target, or all where it has fewer. */
  budget?: number
  /** Default: about geometric, up to the budget. */
  budgets?: number[]
  /** How far from the best counts as found. Default: 5 % of the standard deviation of the objective over the runs at the target. */
  tolerance?: number
}

export interface CompleteTerms {
  budget: number
  /** Ascending; the last is the budget, unless others were asked for. */
  budgets: number[]
  tolerance: number
}

const DEFAULT_TARGET_RUNS = 20
const DEFAULT_TOLERANCE = 0.05

/** The terms with every default written out. They need not make sense where the table does not. */
export function completeTerms(table: BacktestTable, asked: AskedTerms): CompleteTerms {
  const scores = scoresAt(table, table.target)
  const costs = costsOf(table)
  const target = costs.get(table.target) ?? 1
  const most = Math.min(DEFAULT_TARGET_RUNS, Math.max(1, scores.length)) * target
  const budget = asked.budget ?? (asked.budgets ? Math.max(...asked.budgets) : most)
  const cheapest = Math.min(...costs.values(), target)
  return {
    budget,
    budgets: asked.budgets
      ? [...new Set(asked.budgets)].sort((a, b) => a - b)
      : defaultBudgets({ budget, cheapest, target }),
    tolerance: asked.tolerance ?? DEFAULT_TOLERANCE * standardDeviation(scores),
  }
}

/** Fidelity → its runs that have every metric of the objective. */
export function scoredRuns(table: BacktestTable): Record<string, number> {
  return Object.fromEntries(
    table.tables.map(({ fidelity }) => [fidelity, scoresAt(table, fidelity).length]),
  )
}

function costsOf({ compiled, tables }: BacktestTable): Map<string, number> {
  const used = new Set(tables.map(({ fidelity }) => fidelity))
  const offered = compiled.problem.fidelities.filter(({ name }) => used.has(name))
  return new Map(offered.map(({ name, cost }) => [name, cost]))
}

function scoresAt({ compiled, tables }: BacktestTable, fidelity: string): Float64Array {
  const runs: RunTable | undefined = tables.find((table) => table.fidelity === fidelity)
  return runs
    ? measuredObjective(compiled.problem, runs).filter(Number.isFinite)
    : new Float64Array()
}
