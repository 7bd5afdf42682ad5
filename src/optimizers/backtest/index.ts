/** Methods replayed on tables of runs: what each would have found, and what it would have cost. */

export { type BacktestTerms, backtestIssues } from './backtest-issues.js'
export { defaultBudgets } from './default-budgets.js'
export { expectedBestOf } from './expected-best.js'
export { usualFidelities } from './pools.js'
export { withoutRepeats } from './repeats.js'
export { replay } from './replay.js'
export { summarise } from './summarise.js'
export type {
  BacktestEntry,
  BacktestReport,
  BacktestTable,
  BudgetSummary,
  EntrySummary,
  Estimate,
  Replay,
  ReplayEnd,
  ReplayInput,
  ReplayStep,
} from './types.js'
