import { fromMixture, type Space, toMixture } from '../../optimizers/mixture/index.js'
import { createRng } from '../../optimizers/random.js'
import { optimizerByName } from '../../optimizers/registry.js'
import { type RowMatrix, rowMatrixFrom, rowOf } from '../../optimizers/row-matrix.js'
import type {
  ActiveTable,
  CompiledProblem,
  Memo,
  RunTable,
  Suggestion,
} from '../../optimizers/types.js'
import { RecentlyUsed } from '../../recently-used.js'
import { completeParams } from '../../studies/methods.js'
import type { ChosenMixture, LearnedRuns, SuggestTask } from '../../studies/ports.js'
import { baselineMixtures, isSame } from '../../studies/search-plan.js'
import { decodeTrainingRuns } from './run-tables.js'

/** Fits and the like that a thread keeps for methods: between two results they are asked for again and again. */
const KEPT = 16
const kept = new RecentlyUsed<unknown>(KEPT)

export interface Found extends Pick<LearnedRuns, 'completed' | 'baselinesAt'> {
  active: readonly ActiveTable[]
  avoid: readonly ActiveTable[]
}

/**
 * Mixtures chosen by a method that looks at results, after those baselines that were not tried. They are fewer than asked for
 * when the method has nothing more to suggest now: nobody helps it out. None has been tried, or is being tried, at its fidelity.
 */
export function chooseByResults(
  task: SuggestTask,
  compiled: CompiledProblem,
  { completed: pages, active, avoid, baselinesAt }: Found,
): ChosenMixture[] {
  const { problem, space } = compiled
  const completed = decodeTrainingRuns(problem, pages)
  const isNew = newcomers([...completed, ...active, ...avoid])
  const baselines = baselinesOf(space, baselinesAt)
    .filter(({ row, fidelity }) => isNew(row, fidelity))
    .slice(0, task.count)
  const count = task.count - baselines.length
  if (count === 0) return baselines.map(({ chosen }) => chosen)
  const planned = baselines.map(({ row }) => row)
  const tried = { completed, avoid, active: withRows(active, baselinesAt, planned) }
  const isUntried = ({ weights, fidelity }: Suggestion) =>
    isNew(fromMixture(space, weights), fidelity)
  const suggested = ask(task, compiled, tried, count)
  const own = suggested.filter(isUntried)
  return [
    ...baselines.map(({ chosen }) => chosen),
    ...own.map((suggestion) => ({ ...suggestion, label: '' })),
  ]
}

const rowsIn = (matrix: RowMatrix) =>
  Array.from({ length: matrix.rows }, (_, i) => rowOf(matrix, i))

/** The tables with further rows at a fidelity; one table a fidelity. */
function withRows(
  tables: readonly ActiveTable[],
  fidelity: string,
  rows: readonly ArrayLike<number>[],
): ActiveTable[] {
  if (rows.length === 0) return [...tables]
  const known = tables.find((table) => table.fidelity === fidelity)
  const before = known ? rowsIn(known.normalised) : []
  const others = tables.filter((table) => table.fidelity !== fidelity)
  return [...others, { fidelity, normalised: rowMatrixFrom([...before, ...rows]) }]
}

function baselinesOf(space: Space, fidelity: string) {
  return baselineMixtures(space).map(({ label, reason, weights: row }) => ({
    row,
    fidelity,
    chosen: { label, reason, fidelity, weights: toMixture(space, row) },
  }))
}

interface Tried {
  completed: RunTable[]
  active: ActiveTable[]
  avoid: readonly ActiveTable[]
}

function ask(
  { method: name, problemHash, params, seed, fidelities, until }: SuggestTask,
  compiled: CompiledProblem,
  tried: Tried,
  count: number,
): Suggestion[] {
  const method = optimizerByName(name)
  const memo: Memo = {
    get: <T>(key: string, make: () => T) =>
      kept.get(JSON.stringify([problemHash, name, key]), make) as T,
  }
  const suggestions = method.suggest({
    compiled,
    params: completeParams(method, params, '/params'),
    ...tried,
    count,
    fidelities,
    rng: createRng(seed, 'suggest'),
    memo,
    ...(until !== undefined && { isEnough: () => Date.now() >= until }),
  })
  const stray = suggestions.find(({ fidelity }) => !fidelities.includes(fidelity))
  if (!stray) return suggestions.slice(0, count)
  throw new Error(
    `${name} suggests a trial at the fidelity "${stray.fidelity}", which is not offered`,
  )
}

/** Whether a mixture is neither among those of the tables at its fidelity nor one that was asked about before. */
function newcomers(tables: readonly { fidelity: string; normalised: RowMatrix }[]) {
  const known = new Map<string, ArrayLike<number>[]>()
  const at = (fidelity: string) => {
    const rows = known.get(fidelity) ?? []
    known.set(fidelity, rows)
    return rows
  }
  for (const { fidelity, normalised } of tables) {
    const rows = at(fidelity)
    for (let i = 0; i < normalised.rows; i++) rows.push(rowOf(normalised, i))
  }
  return (mixture: ArrayLike<number>, fidelity: string): boolean => {
    const rows = at(fidelity)
    if (rows.some((row) => isSame(row, mixture))) return false
    rows.push(mixture)
    return true
  }
}
