import type { BacktestEntry, BacktestTable } from '../../optimizers/backtest/index.js'
import type { CompleteProblem } from '../../optimizers/problem.js'
import { optimizerByName } from '../../optimizers/registry.js'
import type { RunTable } from '../../optimizers/types.js'
import type { BacktestMethod } from '../../store/backtest-contract.js'
import { compileStored } from '../../studies/problem.js'

/** What is replayed on, as it travels between threads. */
export interface TravellingTable {
  problem: CompleteProblem
  tables: readonly RunTable[]
  target: string
}

export function backtestTable({ problem, tables, target }: TravellingTable): BacktestTable {
  return { compiled: compileStored(problem), tables, target }
}

export function backtestEntries(methods: readonly BacktestMethod[]): BacktestEntry[] {
  return methods.map(({ method, ...rest }) => ({ ...rest, method: optimizerByName(method) }))
}
