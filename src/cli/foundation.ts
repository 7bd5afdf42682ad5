import { createMetrics, type Metrics, monitorWork } from '../metrics/index.js'
import { createDataFolder, type DataFolder } from '../store/data-folder.js'
import { type OpenStore, openStore } from '../store/index.js'
import { createServices, type Services } from '../studies/index.js'
import { VERSION } from '../version.js'
import {
  type JobQueue,
  type Logger,
  openQueue,
  startWorkers,
  type Workers,
} from '../workers/index.js'
import { createThreadPool, type ThreadPool } from '../workers/threads/index.js'
import type { Closers } from './closers.js'
import type { Config } from './config.js'
import { readQueueDepth, readStoreCounts } from './metric-sources.js'

/** What API and workers both stand on. */
export interface Foundation {
  readonly config: Config
  readonly closers: Closers
  readonly store: OpenStore
  readonly dataFolder: DataFolder
  /** Threads of this process; they start when they are needed. */
  readonly compute: ThreadPool
  readonly services: Services
  readonly metrics: Metrics
  /** Opens the queue, by which the services ring. Nothing may be asked of them before. */
  connect(logger: Logger): Promise<JobQueue>
}

/** @param onFailure told when the embedded database has failed for good; nothing can be answered any more */
export async function openFoundation(
  config: Config,
  closers: Closers,
  onFailure?: (error: Error) => void,
): Promise<Foundation> {
  const { databaseUrl, redisUrl, workers: threads, trainingThreads } = config
  const store = await openStore({ databaseUrl, dataFolder: config.dataFolder, onFailure })
  closers.add(() => store.close())
  // Files are kept beside the embedded database, and in the same place without one.
  const dataFolder = createDataFolder(config.dataFolder, { quotaBytes: config.quotaBytes })
  const compute = createThreadPool({ threads, trainingThreads })
  closers.add(() => compute.close())
  const metrics = createMetrics({ version: VERSION, process: true })
  metrics.addSource('store', () => readStoreCounts(store))

  // The application brings the logger that the queue needs, and its services ring the queue: requests come only
  // after both are there.
  const late: { queue?: JobQueue } = {}
  const queueOf = () => {
    if (!late.queue) throw new Error('the queue is not open yet')
    return late.queue
  }
  const services = createServices({
    store,
    compute,
    doorbell: { ring: (kind, jobId) => queueOf().ring(kind, jobId) },
    dataFolder,
    allowedFolders: config.sources,
    trainingThreads,
    checks: { queue: async () => void (await queueOf().health()) },
  })
  return {
    config,
    closers,
    store,
    dataFolder,
    compute,
    services,
    metrics,
    async connect(logger) {
      const kind = redisUrl ? 'redis' : store.kind
      const queue = await openQueue({ kind, pool: store.pool, redisUrl, logger })
      late.queue = queue
      closers.add(() => queue.close())
      metrics.addSource('queue', () => readQueueDepth(queue))
      return queue
    },
  }
}

/** Works jobs off in this process, until what the foundation stands on is closed. */
export async function startWork(
  { config, closers, store, compute, services, dataFolder, metrics }: Foundation,
  queue: JobQueue,
  logger: Logger,
): Promise<Workers> {
  const workers = await startWorkers({
    store,
    queue,
    compute,
    services,
    dataFolder,
    logger,
    monitor: monitorWork(metrics),
    concurrency: config.workers,
    trainingThreads: config.trainingThreads,
    device: config.device,
    checkpointSeconds: config.checkpointSeconds,
    allowedFolders: config.sources,
    retention: config.retention,
  })
  closers.add(() => workers.close())
  return workers
}
