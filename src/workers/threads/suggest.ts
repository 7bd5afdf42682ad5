import { toMixture } from '../../optimizers/mixture/index.js'
import type { Mixture } from '../../optimizers/problem.js'
import { createRng } from '../../optimizers/random.js'
import { optimizerByName } from '../../optimizers/registry.js'
import type { CompiledProblem, Suggestion } from '../../optimizers/types.js'
import { RecentlyUsed } from '../../recently-used.js'
import { completeParams, DEFAULT_METHOD } from '../../studies/methods.js'
import type { SuggestTask } from '../../studies/ports.js'
import { compileStored } from '../../studies/problem.js'
import { replyWith, type ThreadReply } from './replies.js'
import { decodeRunTable } from './run-tables.js'

/** Problems that a thread keeps compiled: clients ask for mixtures of the same study again and again. */
const PROBLEMS_KEPT = 16
const problems = new RecentlyUsed<CompiledProblem>(PROBLEMS_KEPT)

/** Thread entry: mixtures to try. A method with less to suggest than asked for is helped out by the default one. */
export function run(task: SuggestTask): Promise<ThreadReply<Suggestion[]>> {
  return replyWith(() => {
    const compiled = problems.get(task.problemHash, () => compileStored(task.problem))
    const active = mixturesOf(compiled, task.active)
    const own = suggestionsOf(task.method, task.params, compiled, task, active)
    const missing = { ...task, count: task.count - own.length }
    if (missing.count <= 0) return own
    const withOwn = [...active, ...own.map(({ weights }) => weights)]
    return [...own, ...suggestionsOf(DEFAULT_METHOD, {}, compiled, missing, withOwn)]
  })
}

/** Rows of imported tables are rounded, so each is divided by its sum. */
function mixturesOf({ space }: CompiledProblem, rows: Float64Array): Mixture[] {
  const m = space.names.length
  return Array.from({ length: rows.length / m }, (_, i) => {
    const row = rows.subarray(i * m, (i + 1) * m)
    const sum = row.reduce((total, weight) => total + weight, 0)
    return toMixture(
      space,
      row.map((weight) => weight / sum),
    )
  })
}

function suggestionsOf(
  name: string,
  given: Record<string, unknown>,
  compiled: CompiledProblem,
  { fidelity, count, seed }: Pick<SuggestTask, 'fidelity' | 'count' | 'seed'>,
  active: readonly Mixture[],
): Suggestion[] {
  if (count <= 0) return []
  const method = optimizerByName(name)
  return method
    .suggest({
      compiled,
      params: completeParams(method, given, '/params'),
      completed: decodeRunTable(compiled.problem, '', fidelity, []),
      active: active.map((weights) => ({ weights, fidelity })),
      count,
      rng: createRng(seed, 'suggest'),
    })
    .map((suggestion) => ({ ...suggestion, fidelity }))
}
