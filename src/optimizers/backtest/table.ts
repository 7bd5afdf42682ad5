import { measuredObjective } from '../objective.js'
import { permutation, type Rng } from '../random.js'
import { selectRows } from '../row-matrix.js'
import type { CompiledProblem, RunTable } from '../types.js'
import type { BacktestTable } from './types.js'

/** @throws RangeError when there is no table for the fidelity */
export function runsAt({ tables }: BacktestTable, fidelity: string): RunTable {
  const runs = tables.find((table) => table.fidelity === fidelity)
  if (runs) return runs
  const known = tables.map((table) => `"${table.fidelity}"`).join(', ')
  throw new RangeError(`there is no table for the fidelity "${fidelity}"; there are ${known}`)
}

/** @throws RangeError when the problem has no such fidelity */
export function costOf({ problem }: CompiledProblem, fidelity: string): number {
  const found = problem.fidelities.find(({ name }) => name === fidelity)
  if (found) return found.cost
  throw new RangeError(`the problem has no fidelity "${fidelity}"`)
}

/** The rows that can be looked up: those whose objective is finite. */
export function scoredRows(compiled: CompiledProblem, runs: RunTable): number[] {
  const scores = measuredObjective(compiled.problem, runs)
  return [...scores.keys()].filter((row) => Number.isFinite(scores[row]))
}

/** The named rows of a table, in the given order. */
export function takeRows(runs: RunTable, rows: readonly number[]): RunTable {
  const take = (values: Float64Array) => Float64Array.from(rows, (row) => values[row])
  return {
    name: runs.name,
    fidelity: runs.fidelity,
    runIds: rows.map((row) => runs.runIds[row]),
    raw: selectRows(runs.raw, rows),
    normalised: selectRows(runs.normalised, rows),
    values: mapValues(runs.values, take),
    ...(runs.standardErrors && { standardErrors: mapValues(runs.standardErrors, take) }),
    ...(runs.seconds && { seconds: take(runs.seconds) }),
  }
}

/** The same mixtures with what was measured handed to others: all metrics of a run stay together, and their errors with them. */
export function withShuffledScores(runs: RunTable, rng: Rng): RunTable {
  const order = permutation(runs.normalised.rows, rng)
  const shuffle = (values: Float64Array) => Float64Array.from(order, (row) => values[row])
  return {
    ...runs,
    values: mapValues(runs.values, shuffle),
    ...(runs.standardErrors && { standardErrors: mapValues(runs.standardErrors, shuffle) }),
  }
}

function mapValues<K, A, B>(map: ReadonlyMap<K, A>, change: (value: A) => B): Map<K, B> {
  return new Map([...map].map(([key, value]) => [key, change(value)]))
}
