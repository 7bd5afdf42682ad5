import { fromMixture } from '../../optimizers/mixture/index.js'
import { createRng } from '../../optimizers/random.js'
import { optimizerByName } from '../../optimizers/registry.js'
import { type RowMatrix, rowMatrixFrom, rowOf } from '../../optimizers/row-matrix.js'
import type { CompiledProblem, Suggestion } from '../../optimizers/types.js'
import { RecentlyUsed } from '../../recently-used.js'
import { completeParams, DEFAULT_METHOD } from '../../studies/methods.js'
import type { SuggestTask } from '../../studies/ports.js'
import { compileStored } from '../../studies/problem.js'
import { replyWith, type ThreadReply } from './replies.js'

/** Problems that a thread keeps compiled: clients ask for mixtures of the same study again and again. */
const PROBLEMS_KEPT = 16
const problems = new RecentlyUsed<CompiledProblem>(PROBLEMS_KEPT)

/** Thread entry: mixtures to try. A method with less to suggest than asked for is helped out by the default one. */
export function run(task: SuggestTask): Promise<ThreadReply<Suggestion[]>> {
  return replyWith(() => {
    const compiled = problems.get(task.problemHash, () => compileStored(task.problem))
    const active = normalisedRows(task.active, compiled.space.names.length)
    const own = suggestionsOf(task.method, task.params, compiled, task, active)
    const missing = { ...task, count: task.count - own.length }
    if (missing.count <= 0) return own
    const rows = own.map(({ weights }) => fromMixture(compiled.space, weights))
    const withOwn = [active, rowMatrixFrom(rows, compiled.space.names.length)]
    return [...own, ...suggestionsOf(DEFAULT_METHOD, {}, compiled, missing, ...withOwn)]
  })
}

/** Rows of imported tables are rounded, so each is divided by its sum. */
function normalisedRows(data: Float64Array, columns: number): RowMatrix {
  const rows = { data, rows: data.length / columns, columns }
  for (let i = 0; i < rows.rows; i++) {
    const row = rowOf(rows, i)
    const sum = row.reduce((total, weight) => total + weight, 0)
    for (let j = 0; j < columns; j++) row[j] /= sum
  }
  return rows
}

function suggestionsOf(
  name: string,
  given: Record<string, unknown>,
  compiled: CompiledProblem,
  { fidelity, count, seed }: Pick<SuggestTask, 'fidelity' | 'count' | 'seed'>,
  ...active: readonly RowMatrix[]
): Suggestion[] {
  if (count <= 0) return []
  const method = optimizerByName(name)
  return method
    .suggest({
      compiled,
      params: completeParams(method, given, '/params'),
      completed: [],
      active: active.map((normalised) => ({ fidelity, normalised })),
      count,
      fidelities: [fidelity],
      rng: createRng(seed, 'suggest'),
    })
    .map((suggestion) => ({ ...suggestion, fidelity }))
}
