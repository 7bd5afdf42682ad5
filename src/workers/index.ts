import { randomBytes } from 'node:crypto'
import { availableParallelism, hostname } from 'node:os'
import type { WorkMonitor } from '../metrics/work.js'
import type { DataFolder } from '../store/data-folder.js'
import type { Store } from '../store/store.js'
import type { Services } from '../studies/index.js'
import type { Compute } from '../studies/ports.js'
import type { Device } from '../training/types.js'
import { Afterwards } from './afterwards.js'
import { JOB_CATALOGUE, type JobSettings, type Processor } from './catalogue.js'
import { settlesWithin } from './deadline.js'
import { startLeaseExpiry } from './lease-expiry.js'
import type { Logger } from './logger.js'
import { createBacktestProcessor } from './processors/backtest.js'
import { createFitProcessor } from './processors/fit.js'
import { createIngestProcessor } from './processors/ingest.js'
import { createTrialProcessor } from './processors/trial.js'
import type { JobQueue } from './queue/index.js'
import { recoverAsSoleProcess, startReconciler, startSearchReconciler } from './reconciler.js'
import { type RepeatedWork, repeat } from './repeat.js'
import type { Retention } from './retention.js'
import { sweep } from './sweeper.js'

const SECOND = 1000
const MINUTE = 60 * SECOND

/** How long searches may take to go on once the workers are to close. */
const CHOICE_LIMIT_MS = 2 * SECOND

export interface WorkersOptions {
  store: Store
  queue: JobQueue
  compute: Compute
  services: Pick<Services, 'searches' | 'events' | 'externalTrials'>
  dataFolder: DataFolder
  logger: Logger
  /** Told of the work on jobs. Default: nobody. */
  monitor?: WorkMonitor
  /** Fits at work at the same time in this process. */
  concurrency: number
  /** Proxies in training at the same time in this process. Default: the number of cores. */
  trainingThreads?: number
  /** What proxies are trained on. Default `cpu`. */
  device?: Device
  /** Seconds between two checkpoints of a proxy. Default 15. */
  checkpointSeconds?: number
  /** Absolute folders that sources of corpora may be read from by their path. Default: none. */
  allowedFolders?: readonly string[]
  retention?: Partial<Retention>
  /** Milliseconds between two looks for jobs that should be running and are not. Default 15 s. */
  reconcileMs?: number
  /** Milliseconds between two looks for what nothing needs any more. Default 10 min. */
  sweepMs?: number
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
  /** One look for jobs that should be running and are not, and for searches that stand still, now. */
  reconcile(): Promise<void>
  /** One look for what nothing needs any more, now. */
  sweep(): Promise<void>
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
  const { store, queue, services, logger, soleProcess = store.kind === 'embedded' } = options
  const name = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`
  if (soleProcess) await recoverAsSoleProcess({ store, doorbell: queue, logger })
  const afterwards = new Afterwards()
  const worker = await queue.startWorker(createProcessors(options, name, afterwards), {
    fit: options.concurrency,
    ingest: 1,
    backtest: 1,
    trial: options.trainingThreads ?? availableParallelism(),
  })
  const intervalMs = options.reconcileMs ?? 15 * SECOND
  const searches = startSearchReconciler({ store, searches: services.searches, logger, intervalMs })
  const reconciler = startReconciler({
    store,
    doorbell: queue,
    logger,
    intervalMs,
    stagingMs: options.stagingMs ?? 5 * MINUTE,
    staleMs: options.settings?.staleMs ?? JOB_CATALOGUE.fit.staleMs,
  })
  const sweeper = repeat(
    async () => void (await sweep(options)),
    options.sweepMs ?? 10 * MINUTE,
    (error) => logger.warn({ err: error }, 'what nothing needs any more could not be removed'),
  )
  const leaseExpiry = startLeaseExpiry({ trials: services.externalTrials, logger })
  await firstRound(reconciler, logger, 'abandoned jobs could not be looked for')
  void firstRound(searches, logger, 'searches that stand still could not be looked for')
  await firstRound(sweeper, logger, 'what nothing needs any more could not be removed')
  return {
    name,
    async reconcile() {
      await reconciler.now()
      await searches.now()
    },
    sweep: () => sweeper.now(),
    async close(graceMs = 5 * SECOND) {
      const searchesClosed = searches.close()
      await Promise.all([reconciler, sweeper, leaseExpiry].map((work) => work.close()))
      await worker.close(graceMs)
      // Methods that are choosing then are ended with their threads.
      await settlesWithin(searchesClosed, CHOICE_LIMIT_MS)
      await afterwards.settle(CHOICE_LIMIT_MS)
    },
  }
}

function createProcessors(
  options: WorkersOptions,
  worker: string,
  afterwards: Afterwards,
): Processor[] {
  const { store, compute, services, dataFolder, logger, monitor, settings } = options
  const { allowedFolders = [], device = 'cpu', checkpointSeconds = 15 } = options
  const { searches, events } = services
  const common = { store, compute, worker, logger, monitor, settings }
  return [
    createFitProcessor({ ...common, searches }),
    createBacktestProcessor(common),
    createIngestProcessor({ ...common, dataFolder, allowedFolders }),
    createTrialProcessor({
      ...common,
      ...{ dataFolder, device, checkpointSeconds, searches, events, afterwards },
    }),
  ]
}

async function firstRound(work: RepeatedWork, logger: Logger, message: string): Promise<void> {
  try {
    await work.now()
  } catch (error) {
    logger.warn({ err: error }, `${message}; it is tried again soon`)
  }
}

export type { JobSettings } from './catalogue.js'
export type { Logger } from './logger.js'
export { type JobQueue, openQueue, type QueueHealth, type QueueKind } from './queue/index.js'
export type { Retention } from './retention.js'
