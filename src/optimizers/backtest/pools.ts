import type { CompleteProblem } from '../problem.js'
import { createRng } from '../random.js'
import { selectRows } from '../row-matrix.js'
import type { RunTable } from '../types.js'
import { isWithin } from './limits.js'
import { costOf, runsAt, scoredRows, takeRows, withShuffledScores } from './table.js'
import type { Remaining, ReplayInput } from './types.js'

/** A fidelity at which a method may try mixtures: what it has taken of the table, and what is left. */
export interface Pool {
  readonly fidelity: string
  /** Of one run. */
  readonly cost: number
  readonly runs: RunTable
  /** Rows in the order in which they were taken. */
  readonly taken: readonly number[]
  /** The runs of these rows. */
  readonly completed: RunTable
  readonly remaining: Remaining
}

/**
 * One pool a fidelity that the entry may use, nothing taken yet.
 * @throws RangeError for a fidelity without table or cost, or when the target or an unknown fidelity is to be shuffled
 */
export function openPools({ table, entry, seed, shuffle = [] }: ReplayInput): Pool[] {
  for (const fidelity of shuffle) {
    runsAt(table, fidelity)
    if (fidelity === table.target) {
      throw new RangeError(
        `the scores at the target "${fidelity}" are the truth; not to be shuffled`,
      )
    }
  }
  const fidelities = entry.fidelities ?? allFidelities(table)
  return fidelities.map((fidelity) => {
    const given = runsAt(table, fidelity)
    // A stream for each fidelity: equal permutations would keep two shuffled fidelities in agreement.
    const rng = createRng(seed, 'shuffle').fork(fidelity)
    const runs = shuffle.includes(fidelity) ? withShuffledScores(given, rng) : given
    return poolOf(
      { fidelity, cost: costOf(table.compiled, fidelity), runs },
      scoredRows(table.compiled, runs),
      [],
    )
  })
}

function allFidelities({ compiled, tables, target }: ReplayInput['table']): string[] {
  const names = tables.map(({ fidelity }) => fidelity)
  return usualFidelities(compiled.problem, names, target)
}

/** Where methods try mixtures unless they are told: a run that costs more than one at the target tells less of it. */
export function usualFidelities(
  { fidelities }: CompleteProblem,
  names: readonly string[],
  target: string,
): string[] {
  const costs = new Map(fidelities.map(({ name, cost }) => [name, cost]))
  const most = costs.get(target) ?? Number.POSITIVE_INFINITY
  return names.filter((name) => isWithin(costs.get(name) ?? 0, most))
}

/** The pool after a row was taken. */
export function afterTaking(pool: Pool, row: number): Pool {
  const left = pool.remaining.rows.filter((other) => other !== row)
  return poolOf(pool, left, [...pool.taken, row])
}

/** What all runs taken so far cost; counted anew each time, so that rounding errors do not add up. */
export function costOfTaken(pools: readonly Pool[]): number {
  return pools.reduce((sum, { cost, taken }) => sum + taken.length * cost, 0)
}

function poolOf(
  { fidelity, cost, runs }: Pick<Pool, 'fidelity' | 'cost' | 'runs'>,
  rows: number[],
  taken: readonly number[],
): Pool {
  return {
    fidelity,
    cost,
    runs,
    taken,
    completed: takeRows(runs, taken),
    remaining: { rows, candidates: selectRows(runs.normalised, rows) },
  }
}
