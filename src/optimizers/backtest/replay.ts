import { createRng } from '../random.js'
import { selectRows } from '../row-matrix.js'
import type { SearchState, Suggestion } from '../types.js'
import { isWithin } from './limits.js'
import { afterTaking, costOfTaken, openPools, type Pool } from './pools.js'
import { runsAt, scoredRows } from './table.js'
import type { Remaining, Replay, ReplayEnd, ReplayInput, ReplayStep } from './types.js'

/**
 * Replays one method with one seed: again and again the method says which row of the tables to look up next, sees what was
 * measured there, and picks the row of the target's table that it would recommend. Rows whose objective is not finite are no
 * candidates, and no row is looked up twice. Equal inputs give equal replays.
 * @throws RangeError when the method suggests or picks what is not among the candidates, or when a fidelity has no table
 */
export function replay(input: ReplayInput): Replay {
  const { entry, seed, onStep = () => {} } = input
  const choices = choicesAtTarget(input)
  const steps: ReplayStep[] = []
  let pools: readonly Pool[] = openPools(input)
  const first = pickNow(input, pools, choices)
  for (;;) {
    const next = nextRun(input, pools, steps.length)
    if (typeof next === 'string') return { label: entry.label, seed, first, steps, end: next }
    pools = pools.map((pool) => (pool === next.pool ? afterTaking(pool, next.row) : pool))
    const cost = costOfTaken(pools)
    const pick = pickNow(input, pools, choices)
    steps.push({ fidelity: next.pool.fidelity, row: next.row, cost, pick })
    onStep({ run: steps.length, cost })
  }
}

/** What to look up next, or why nothing is. */
function nextRun(
  input: ReplayInput,
  pools: readonly Pool[],
  runs: number,
): { pool: Pool; row: number } | ReplayEnd {
  const { entry, seed, budget, maxRuns } = input
  const open = pools.filter(({ remaining }) => remaining.rows.length > 0)
  if (open.length === 0) return 'nothing-left'
  if (runs >= maxRuns) return 'runs'
  const spent = costOfTaken(pools)
  const affordable = ({ cost }: Pool) => isWithin(spent + cost, budget)
  if (!open.some(affordable)) return 'budget'
  const [suggestion] = entry.method.suggest({
    ...stateOf(input, pools),
    count: 1,
    fidelities: pools.map(({ fidelity }) => fidelity),
    target: input.table.target,
    candidates: new Map(
      pools.map(({ fidelity, remaining }) => [fidelity, remaining.candidates] as const),
    ),
    rng: createRng(seed, 'suggest'),
  })
  if (!suggestion) return 'stopped'
  const next = lookUp(input, pools, suggestion)
  return affordable(next.pool) ? next : 'budget'
}

function stateOf(
  { table, entry, memo }: ReplayInput,
  pools: readonly Pool[],
): Omit<SearchState<Record<string, unknown>>, 'rng'> {
  return {
    compiled: table.compiled,
    params: entry.params,
    completed: pools.filter(({ taken }) => taken.length > 0).map(({ completed }) => completed),
    active: [],
    memo,
  }
}

function lookUp(
  { entry }: ReplayInput,
  pools: readonly Pool[],
  { fidelity, row }: Suggestion,
): { pool: Pool; row: number } {
  const pool = pools.find((other) => other.fidelity === fidelity)
  const found = row === undefined ? undefined : pool?.remaining.rows[row]
  if (pool && found !== undefined) return { pool, row: found }
  const legal = pools
    .map((other) => `${other.remaining.rows.length} at "${other.fidelity}"`)
    .join(', ')
  throw new RangeError(
    `${named(entry)} suggested ${row === undefined ? 'no row' : `row ${row}`} at "${fidelity}"; the candidates left are ${legal}`,
  )
}

/** All mixtures that can be recommended, whatever was run. */
function choicesAtTarget({ table }: ReplayInput): Remaining {
  const runs = runsAt(table, table.target)
  const rows = scoredRows(table.compiled, runs)
  return { rows, candidates: selectRows(runs.normalised, rows) }
}

function pickNow(input: ReplayInput, pools: readonly Pool[], choices: Remaining): number | null {
  const { table, entry, seed } = input
  const { candidates } = choices
  const place = entry.method.pick({
    ...stateOf(input, pools),
    target: table.target,
    candidates,
    // The stream of suggestions, so that a fit that is kept serves both.
    rng: createRng(seed, 'suggest'),
  })
  if (place === undefined) return null
  const row = choices.rows[place]
  if (row !== undefined) return row
  throw new RangeError(
    `${named(entry)} picked row ${place} at "${table.target}", of ${candidates.rows} candidates`,
  )
}

function named({ label, method }: ReplayInput['entry']): string {
  return `"${label}" (method ${method.name})`
}
