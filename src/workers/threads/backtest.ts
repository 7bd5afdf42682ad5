import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { MixwrightError } from '../../errors.js'
import type { BacktestReport } from '../../optimizers/backtest/index.js'
import type { ProgressListener } from '../../optimizers/types.js'
import type { BacktestMethod, StoredBacktestReport } from '../../store/backtest-contract.js'
import type { BacktestTask, Compute, RunPages, RunSurvey, SurveyTask } from '../../studies/ports.js'
import type { TravellingTable } from './backtest-tables.js'
import type { PackedReplay } from './packed-replays.js'
import { feedPages } from './page-feed.js'
import type { BacktestTables, ReadBacktestMessage } from './read-backtest.js'
import type { ReplayMessage, TimedReplay } from './replay.js'
import type { SummariseMessage } from './summarise-replays.js'
import type { SurveyMessage } from './survey-runs.js'
import type { ThreadGroup } from './thread-group.js'
import { TimeLimit } from './time-limit.js'

/** Backtests from the side of those who ask for them: what becomes a task on which thread, and when. */

export function surveyRuns(threads: ThreadGroup, task: SurveyTask): Promise<RunSurvey> {
  return withPages(task, (message: SurveyMessage) =>
    threads.run('./survey-runs.js', message, { transferList: [message.port] }),
  )
}

/** Replays every method with every seed, each a task of its own, at most `atOnce` at the same time. */
export async function backtest(
  threads: ThreadGroup,
  atOnce: number,
  task: BacktestTask,
  { signal: asked, onProgress = () => {}, mostSeconds }: BacktestOptions = {},
): Promise<StoredBacktestReport> {
  const { methods, seeds } = task.settings
  const limit = new TimeLimit({
    mostSeconds,
    total: methods.length * seeds,
    round: methods.length,
  })
  const signal = AbortSignal.any(asked ? [asked, limit.signal] : [limit.signal])
  try {
    const { tables, provenance } = await readTables(threads, task, signal)
    const table = { problem: task.problem, tables, target: task.settings.target }
    const progress = progressOf(task, onProgress)
    const replays = await replayAll(threads, { atOnce, task, table, signal, limit, progress })
    const message: SummariseMessage = { table, replays, settings: task.settings }
    const report = await threads.run<BacktestReport>('./summarise-replays.js', message, { signal })
    return { ...report, provenance }
  } catch (error) {
    throw limit.signal.aborted ? limit.refusal : error
  }
}

type BacktestOptions = NonNullable<Parameters<Compute['backtest']>[1]>

function readTables(
  threads: ThreadGroup,
  task: BacktestTask,
  signal: AbortSignal,
): Promise<BacktestTables> {
  return withPages(task, (message: ReadBacktestMessage) =>
    threads.run('./read-backtest.js', message, { transferList: [message.port], signal }),
  )
}

interface ReplayWork {
  atOnce: number
  task: BacktestTask
  table: TravellingTable
  signal: AbortSignal
  limit: TimeLimit
  progress: ReturnType<typeof progressOf>
}

function replayAll(threads: ThreadGroup, work: ReplayWork): Promise<PackedReplay[]> {
  const { atOnce, task, table, limit, progress } = work
  const { budget, maxRuns, shuffle } = task.settings
  // When one replay fails, the others need not be computed.
  const failure = new AbortController()
  const signal = AbortSignal.any([work.signal, failure.signal])
  return inParallel(replaysOf(task), atOnce, async (one) => {
    progress.begun(one)
    const message: ReplayMessage = { table, ...one, limits: { budget, maxRuns, shuffle } }
    let stopClock = () => {}
    const onStart = () => {
      stopClock = limit.began()
    }
    try {
      const { replay, seconds } = await threads
        .run<TimedReplay>('./replay.js', message, { signal, onStart })
        .catch((error) => {
          throw signal.aborted ? error : explained(error, one)
        })
      limit.ended(seconds)
      progress.ended()
      return replay
    } catch (error) {
      failure.abort(error)
      throw error
    } finally {
      stopClock()
    }
  })
}

interface AskedReplay {
  method: BacktestMethod
  seed: number
}

/** Each seed with all methods before the next one: so the first few show what all will take. */
function replaysOf({ settings: { methods, seeds, seed: first } }: BacktestTask): AskedReplay[] {
  return Array.from({ length: seeds }, (_, i) => first + i).flatMap((seed) =>
    methods.map((method) => ({ method, seed })),
  )
}

/** Counts replays that have ended, and names the one begun last. */
function progressOf({ settings }: BacktestTask, onProgress: ProgressListener) {
  const { methods, seeds, seed: first } = settings
  const total = methods.length * seeds
  let [done, message] = [0, '']
  const report = () => onProgress({ done, total, message })
  return {
    begun({ method: { label }, seed }: AskedReplay) {
      message = `${label}, seed ${seed - first + 1} of ${seeds}`
      report()
    },
    ended() {
      done += 1
      report()
    },
  }
}

/** The results in the order of the items. After the first failure nothing more is begun. */
async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const left = items.entries()
  const workThrough = async () => {
    for (const [i, item] of left) results[i] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, workThrough))
  return results
}

/** Which replay it was. Refusals for want of threads are about no replay. */
function explained(error: unknown, { method: { label }, seed }: AskedReplay): Error {
  const place = `"${label}" with seed ${seed}`
  if (error instanceof MixwrightError) {
    if (error.status === 503) return error
    return new MixwrightError(error.code, `${place}: ${error.message}`, error.errors)
  }
  const said = error instanceof Error ? error.message : String(error)
  return new Error(`${place}: ${said}`, { cause: error })
}

/** Sends the message without its pages, which follow one by one. */
async function withPages<T extends { runs: RunPages[] }, R>(
  task: T,
  send: (message: { task: T; port: MessagePort }) => Promise<R>,
): Promise<R> {
  const { port1, port2 } = new MessageChannel()
  feedPages(
    port1,
    task.runs.map(({ pages }) => pages),
    () => {},
  )
  const runs = task.runs.map(({ fidelity }) => ({ fidelity, pages: [] }))
  try {
    return await send({ task: { ...task, runs }, port: port2 })
  } finally {
    port1.close()
  }
}
