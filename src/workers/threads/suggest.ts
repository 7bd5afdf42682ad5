import type { MessagePort } from 'node:worker_threads'
import { fromMixture } from '../../optimizers/mixture/index.js'
import { createRng } from '../../optimizers/random.js'
import { optimizerByName } from '../../optimizers/registry.js'
import { rowMatrixFrom, rowOf } from '../../optimizers/row-matrix.js'
import type { ActiveTable, CompiledProblem } from '../../optimizers/types.js'
import { RecentlyUsed } from '../../recently-used.js'
import { completeParams, DEFAULT_METHOD } from '../../studies/methods.js'
import type { ChosenMixture, LearnedRuns, MixtureRows, SuggestTask } from '../../studies/ports.js'
import { compileStored } from '../../studies/problem.js'
import { chooseByResults } from './choose-by-results.js'
import { receivePages } from './page-feed.js'
import { replyWith, type ThreadReply } from './replies.js'

/** Problems that a thread keeps compiled: clients ask for mixtures of the same study again and again. */
const PROBLEMS_KEPT = 16
const problems = new RecentlyUsed<CompiledProblem>(PROBLEMS_KEPT)

export interface SuggestMessage {
  task: SuggestTask
  /** Over which the pages of what was completed come, where there are such: those of the task are empty then. */
  port?: MessagePort
}

/** Thread entry: mixtures to try. */
export function run({ task, port }: SuggestMessage): Promise<ThreadReply<ChosenMixture[]>> {
  return replyWith(async () => {
    const compiled = problems.get(task.problemHash, () => compileStored(task.problem))
    const learned = task.learned && (await withPages(task.learned, port))
    const active = task.active.map((rows) => activeTable(rows, compiled))
    if (!learned) return chooseByMixtures(task, compiled, active)
    const avoid = learned.avoid.map((rows) => activeTable(rows, compiled))
    return chooseByResults(task, compiled, { ...learned, active, avoid })
  })
}

async function withPages(learned: LearnedRuns, port?: MessagePort): Promise<LearnedRuns> {
  if (!port) return learned
  const pages = await receivePages(port, learned.completed.length)
  const completed = learned.completed.map((table, i) => ({ ...table, pages: pages[i] }))
  return { ...learned, completed }
}

/** Rows of imported tables are rounded, so each is divided by its sum. */
function activeTable(
  { fidelity, weights }: MixtureRows,
  { problem: { domains } }: CompiledProblem,
): ActiveTable {
  const columns = domains.length
  const normalised = { data: weights, rows: weights.length / columns, columns }
  for (let i = 0; i < normalised.rows; i++) {
    const row = rowOf(normalised, i)
    const sum = row.reduce((total, weight) => total + weight, 0)
    for (let j = 0; j < columns; j++) row[j] /= sum
  }
  return { fidelity, normalised }
}

/** By a method that does not look at results. One with less to suggest than asked for is helped out by the default one. */
function chooseByMixtures(
  task: SuggestTask,
  compiled: CompiledProblem,
  active: readonly ActiveTable[],
): ChosenMixture[] {
  const own = suggestionsOf(task.method, task.params, task, compiled, active)
  const missing = task.count - own.length
  if (missing <= 0) return own
  const [fidelity] = task.fidelities
  const rows = own.map(({ weights }) => fromMixture(compiled.space, weights))
  const normalised = rowMatrixFrom(rows, compiled.space.names.length)
  const known = [...active, { fidelity, normalised }]
  const rest = { ...task, count: missing }
  return [...own, ...suggestionsOf(DEFAULT_METHOD, {}, rest, compiled, known)]
}

function suggestionsOf(
  name: string,
  given: Record<string, unknown>,
  { fidelities: [fidelity], count, seed }: SuggestTask,
  compiled: CompiledProblem,
  active: readonly ActiveTable[],
): ChosenMixture[] {
  if (count <= 0) return []
  const method = optimizerByName(name)
  return method
    .suggest({
      compiled,
      params: completeParams(method, given, '/params'),
      completed: [],
      active,
      count,
      fidelities: [fidelity],
      rng: createRng(seed, 'suggest'),
    })
    .map((suggestion) => ({ ...suggestion, fidelity, label: '' }))
}
