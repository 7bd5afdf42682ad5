import { availableParallelism } from 'node:os'
import { MessageChannel } from 'node:worker_threads'
import type { CorpusManifest, IngestProgress } from '../../corpora/types.js'
import type { ParsedTable, TableHead } from '../../formats/importers/table.js'
import type { MetricPrediction } from '../../optimizers/recommendation.js'
import type { ProgressListener } from '../../optimizers/types.js'
import type {
  ChosenMixture,
  Compute,
  RecommendOutcome,
  RecommendTask,
  RunPages,
  SuggestTask,
  TrainEvent,
  TrainOutcome,
} from '../../studies/ports.js'
import { backtest, surveyRuns } from './backtest.js'
import { CorpusCache } from './corpus-cache.js'
import { InterruptibleThreads } from './interruptible.js'
import { feedPages } from './page-feed.js'
import type { ParseTableMessage } from './parse-table.js'
import type { PredictMessage } from './predict.js'
import type { RecommendMessage } from './recommend.js'
import { RowReceiver } from './row-channel.js'
import type { SuggestMessage } from './suggest.js'
import { ThreadGroup } from './thread-group.js'
import { movableUpload } from './uploads.js'

export interface ThreadPoolOptions {
  /** Fits computed at the same time. Default: the number of cores. */
  threads?: number
  /** Proxies in training at the same time. Default: the number of cores. */
  trainingThreads?: number
  /** Largest heap of one thread in MiB; a task that needs more fails, and the process lives on. Default 4096. */
  maxHeapMiB?: number
}

/** Compute in worker threads. They start when they are needed, and end when they were idle for a minute. */
export interface ThreadPool extends Compute {
  readonly threads: number
  /** Ends all threads; what they were at is rejected. */
  close(): Promise<void>
}

/**
 * Short work that somebody waits for (parsing, predictions, suggestions) has two threads of its own, so that it never
 * queues behind fits; so have files of imports, which may be large, suggestions of methods that first learn from results, replays of
 * backtests, which are hundreds, and trainings and ingestions, which are asked to stop instead of being ended. `parseTable` takes over the memory of its upload: the caller's views of it
 * are empty afterwards.
 */
export function createThreadPool(options: ThreadPoolOptions = {}): ThreadPool {
  const {
    threads = availableParallelism(),
    trainingThreads = availableParallelism(),
    maxHeapMiB = 4096,
  } = options
  // One more than the fits at work: for a recommendation that is asked for in a request.
  const fitting = new ThreadGroup(threads + 1, maxHeapMiB)
  const replaying = new ThreadGroup(threads, maxHeapMiB)
  const short = new ThreadGroup(2, maxHeapMiB)
  const importing = new ThreadGroup(2, maxHeapMiB)
  const learning = new ThreadGroup(2, maxHeapMiB)
  const training = new InterruptibleThreads(trainingThreads, maxHeapMiB)
  const ingestion = new InterruptibleThreads(1, maxHeapMiB)
  const corpora = new CorpusCache()
  return {
    threads,
    recommend: (task, options) => recommend(fitting, task, options),
    predict: (task: PredictMessage) => short.run<MetricPrediction[][]>('./predict.js', task),
    parseTable: (task, onStart, onChunk) =>
      parseTable('files' in task.upload ? importing : short, task, onStart, onChunk),
    suggest: (task, options) => suggest(task.learned ? learning : short, task, options),
    ingest: (task, { signal, onProgress: onEvent }) =>
      ingestion.run<IngestProgress, CorpusManifest>('./ingest.js', { task }, { signal, onEvent }),
    train: (task, { signal, onEvent }) =>
      corpora.use(task.corpusFolder, (corpus) =>
        training.run<TrainEvent, TrainOutcome>('./train.js', { task, corpus }, { signal, onEvent }),
      ),
    surveyRuns: (task) => surveyRuns(short, task),
    backtest: (task, options) => backtest(replaying, threads, task, options),
    async close() {
      corpora.clear()
      const groups = [fitting, replaying, short, importing, learning, training, ingestion]
      await Promise.all(groups.map((group) => group.close()))
    },
  }
}

async function recommend(
  threads: ThreadGroup,
  task: RecommendTask,
  { signal, onProgress, onStart }: Parameters<Compute['recommend']>[1] = {},
): Promise<RecommendOutcome> {
  const { port1, port2 } = new MessageChannel()
  const { training, others = [], holdouts } = task
  const tables = [training, ...others, ...holdouts].map(({ pages }) => pages)
  feedPages<Parameters<ProgressListener>[0]>(port1, tables, (progress) => onProgress?.(progress))
  const message: RecommendMessage = {
    task: {
      ...task,
      training: withoutPages(training),
      others: others.map(withoutPages),
      holdouts: holdouts.map(withoutPages),
    },
    port: port2,
  }
  try {
    return await threads.run('./recommend.js', message, { transferList: [port2], signal, onStart })
  } finally {
    port1.close()
  }
}

/** Pages travel one at a time. */
function withoutPages<T extends RunPages>(table: T): T {
  return { ...table, pages: [] }
}

async function suggest(
  threads: ThreadGroup,
  task: SuggestTask,
  { signal }: Parameters<Compute['suggest']>[1] = {},
): Promise<ChosenMixture[]> {
  const { learned } = task
  if (!learned) return threads.run('./suggest.js', { task } satisfies SuggestMessage, { signal })
  const { port1, port2 } = new MessageChannel()
  const tables = learned.completed.map(({ pages }) => pages)
  feedPages(port1, tables, () => {})
  const completed = learned.completed.map(withoutPages)
  const message: SuggestMessage = {
    task: { ...task, learned: { ...learned, completed } },
    port: port2,
  }
  try {
    return await threads.run('./suggest.js', message, { transferList: [port2], signal })
  } finally {
    port1.close()
  }
}

async function parseTable(
  threads: ThreadGroup,
  task: Parameters<Compute['parseTable']>[0],
  onStart: (table: TableHead) => Promise<void>,
  onChunk: (rowsJson: string) => Promise<void>,
): Promise<ParsedTable> {
  const { port1, port2 } = new MessageChannel()
  const receiver = new RowReceiver(port1, onStart, onChunk)
  const { upload, memory } = movableUpload(task.upload)
  const message: ParseTableMessage = { task: { ...task, upload }, rows: port2 }
  try {
    return await threads.run<ParsedTable>('./parse-table.js', message, {
      transferList: [port2, ...memory],
    })
  } catch (error) {
    await receiver.settle()
    throw error
  } finally {
    port1.close()
  }
}
