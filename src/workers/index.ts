import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Store } from '../store/store.js'
import type { Compute } from '../studies/ports.js'
import { JOB_CATALOGUE, type JobSettings } from './catalogue.js'
import type { Logger } from './logger.js'
import { createFitProcessor } from './processors/fit.js'
import type { JobQueue } from './queue/index.js'
import { type Reconciler, recoverAsSoleProcess, startReconciler } from './reconciler.js'

const SECOND = 1000
const MINUTE = 60 * SECOND

export interface WorkersOptions {
  store: Store
  queue: JobQueue
  compute: Compute
  logger: Logger
  /** Jobs at work at the same time in this process. */
  concurrency: number
  /** Milliseconds between two looks for jobs that should be running and are not. Default 15 s. */
  reconcileMs?: number
  /** Milliseconds without a new row after which an import that was not completed counts as abandoned. Default 5 min. */
  stagingMs?: number
  /** No other process works on the store: what runs at the start was abandoned. Default: the store is embedded. */
  soleProcess?: boolean
  /** Replaces settings of the job catalogue. */
  settings?: Partial<JobSettings>
}

export interface Workers {
  /** Names this process in the store. */
  readonly name: string
  /** One look for jobs that should be running and are not, now. */
  reconcile(): Promise<void>
  /**
   * Takes no further jobs, gives those at work `graceMs` (default 5 s) to finish, and puts the others back into the
   * queue. Close the queue, the thread pool and the store after it.
   */
  close(graceMs?: number): Promise<void>
}

/**
 * Works jobs off in this process. With the embedded store, whose folder has one process at a time, whatever an earlier
 * process left behind is taken up before the first job starts.
 */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  const {
    store,
    queue,
    compute,
    logger,
    settings,
    soleProcess = store.kind === 'embedded',
  } = options
  const name = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`
  if (soleProcess) await recoverAsSoleProcess({ store, doorbell: queue, logger })
  const processors = [createFitProcessor({ store, compute, worker: name, logger, settings })]
  const worker = await queue.startWorker(processors, options.concurrency)
  const reconciler = startReconciler({
    store,
    doorbell: queue,
    logger,
    intervalMs: options.reconcileMs ?? 15 * SECOND,
    stagingMs: options.stagingMs ?? 5 * MINUTE,
    staleMs: settings?.staleMs ?? JOB_CATALOGUE.fit.staleMs,
  })
  await firstRound(reconciler, logger)
  return {
    name,
    reconcile: () => reconciler.reconcile(),
    async close(graceMs = 5 * SECOND) {
      await reconciler.close()
      await worker.close(graceMs)
    },
  }
}

async function firstRound(reconciler: Reconciler, logger: Logger): Promise<void> {
  try {
    await reconciler.reconcile()
  } catch (error) {
    logger.warn({ err: error }, 'abandoned jobs could not be looked for; it is tried again soon')
  }
}

export type { JobSettings } from './catalogue.js'
export type { Logger } from './logger.js'
export { type JobQueue, openQueue, type QueueHealth, type QueueKind } from './queue/index.js'
