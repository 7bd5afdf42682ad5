import type { MessagePort } from 'node:worker_threads'
import { compileProblem } from '../../optimizers/complete-problem.js'
import { optimizerByName } from '../../optimizers/registry.js'
import type { ProgressListener } from '../../optimizers/types.js'
import type { RecommendOutcome, RecommendTask } from '../../studies/ports.js'
import { requireFinite } from './finite.js'
import { receivePages } from './page-feed.js'
import { replyWith, type ThreadReply } from './replies.js'
import { decodeRunTable, decodeTrainingRuns } from './run-tables.js'

/** Progress leaves the thread at most this often. */
const PROGRESS_MS = 100

export interface RecommendMessage {
  /** Its pages are empty: they come over the port, training first, then the other fidelities and the hold-outs in their order. */
  task: RecommendTask
  /** Pages come in, and progress goes out: messages are the arguments of a ProgressListener. */
  port: MessagePort
}

/** Thread entry: fits, solves and gathers the evidence. */
export function run({ task, port }: RecommendMessage): Promise<ThreadReply<RecommendOutcome>> {
  return replyWith(async () => {
    const { problem, training, others = [], holdouts, surrogate, params, seed } = task
    const sources = [training, ...others, ...holdouts]
    const pages = await receivePages(port, sources.length)
    const received = sources.map((source, i) => ({ ...source, pages: pages[i] }))
    const trainingTables = received.slice(0, 1 + others.length)
    // The first one is that of the fit, also without a run.
    const [completed, ...further] = decodeTrainingRuns(problem, trainingTables)
    const judged = received.slice(1 + others.length)
    const outcome = optimizerByName(task.method).recommend({
      compiled: compileProblem(problem),
      params,
      completed,
      others: further,
      holdouts: judged.map((table, i) =>
        decodeRunTable(problem, holdouts[i].name, table.fidelity, table.pages),
      ),
      surrogate,
      seed,
      onProgress: throttled((progress) => port.postMessage(progress)),
    })
    requireFinite(outcome.recommendation)
    return outcome
  })
}

/** Passes on the first progress, the last (done = total), and what comes at least PROGRESS_MS after the one before. */
function throttled(post: ProgressListener): ProgressListener {
  let postedAt = Number.NEGATIVE_INFINITY
  return (progress) => {
    const now = performance.now()
    if (now - postedAt < PROGRESS_MS && progress.done < progress.total) return
    postedAt = now
    post(progress)
  }
}
