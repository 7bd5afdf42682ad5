import { compileProblem } from '../../optimizers/complete-problem.js'
import { createRng } from '../../optimizers/random.js'
import { optimizerByName } from '../../optimizers/registry.js'
import type { Suggestion } from '../../optimizers/types.js'
import { completeParams, DEFAULT_METHOD } from '../../studies/methods.js'
import type { SuggestTask } from '../../studies/ports.js'
import { replyWith, type ThreadReply } from './replies.js'
import { decodeRunTable } from './run-tables.js'

/** Thread entry: mixtures to try. A method with less to suggest than asked for is helped out by the default one. */
export function run(task: SuggestTask): Promise<ThreadReply<Suggestion[]>> {
  return replyWith(() => {
    const own = suggestionsOf(task.method, task.params, task)
    const missing = task.count - own.length
    if (missing <= 0) return own
    const active = [...task.active, ...own.map(({ weights }) => weights)]
    return [...own, ...suggestionsOf(DEFAULT_METHOD, {}, { ...task, active, count: missing })]
  })
}

function suggestionsOf(
  name: string,
  given: Record<string, unknown>,
  { problem, fidelity, active, count, seed }: SuggestTask,
): Suggestion[] {
  if (count <= 0) return []
  const method = optimizerByName(name)
  return method
    .suggest({
      compiled: compileProblem(problem),
      params: completeParams(method, given, '/params'),
      completed: decodeRunTable(problem, '', fidelity, []),
      active: active.map((weights) => ({ weights, fidelity })),
      count,
      rng: createRng(seed, 'suggest'),
    })
    .map((suggestion) => ({ ...suggestion, fidelity }))
}
