import type { AddressInfo } from 'node:net'
import { buildApp } from '../api/index.js'
import { createDataFolder } from '../store/data-folder.js'
import { openStore } from '../store/index.js'
import { createServices } from '../studies/index.js'
import { VERSION } from '../version.js'
import { type JobQueue, openQueue, type QueueKind, startWorkers } from '../workers/index.js'
import { createThreadPool } from '../workers/threads/index.js'
import type { Config } from './config.js'
import { explainEnvironment } from './environment.js'

export interface RunningService {
  /** Where it listens: `http://host:port`. */
  readonly url: string
  readonly store: 'embedded' | 'postgresql'
  /** Where the data are, for people. */
  readonly location: string
  readonly queue: QueueKind
  /** Answers what is under way, puts fits at work back into the queue, and closes everything. */
  close(): Promise<void>
}

/** What has been opened, closed in the opposite order. One that fails to close does not keep the others open. */
class Closers {
  readonly #closers: (() => Promise<unknown>)[] = []

  add(close: () => Promise<unknown>): void {
    this.#closers.push(close)
  }

  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const close of this.#closers.splice(0).reverse()) {
      await close().catch((error) => failures.push(error))
    }
    if (failures.length > 0) throw new AggregateError(failures, 'the service did not close cleanly')
  }
}

/**
 * The API and the workers in one process, listening when this resolves.
 * @param onFailure told when the embedded database has failed for good; nothing can be answered any more
 * @throws EnvironmentError when the folder or the port is taken, or a server does not answer
 */
export async function startService(
  config: Config,
  onFailure?: (error: Error) => void,
): Promise<RunningService> {
  const closers = new Closers()
  try {
    return await compose(config, closers, onFailure)
  } catch (error) {
    await closers.close().catch(() => {})
    throw explainEnvironment(error, config)
  }
}

async function compose(
  config: Config,
  closers: Closers,
  onFailure?: (error: Error) => void,
): Promise<RunningService> {
  const { databaseUrl, redisUrl, workers: concurrency, trainingThreads } = config
  const store = await openStore({ databaseUrl, dataFolder: config.dataFolder, onFailure })
  closers.add(() => store.close())
  // Files are kept beside the embedded database, and in the same place without one.
  const dataFolder = createDataFolder(config.dataFolder, { quotaBytes: config.quotaBytes })
  const compute = createThreadPool({ threads: concurrency, trainingThreads })
  closers.add(() => compute.close())

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
  const logger = { level: config.logLevel, stream: process.stderr }
  const app = await buildApp({ services, version: VERSION, logger })
  const queue = await openQueue({
    kind: redisUrl ? 'redis' : store.kind,
    pool: store.pool,
    redisUrl,
    logger: app.log,
  })
  late.queue = queue
  closers.add(() => queue.close())
  const workers = await startWorkers({
    store,
    queue,
    compute,
    services,
    dataFolder,
    logger: app.log,
    concurrency,
    trainingThreads,
    device: config.device,
    checkpointSeconds: config.checkpointSeconds,
    allowedFolders: config.sources,
    retention: config.retention,
  })
  closers.add(() => workers.close())
  closers.add(() => app.close())
  await app.listen({ host: config.host, port: config.port })
  return {
    url: urlOf(config.host, app.server.address() as AddressInfo),
    store: store.kind,
    location: store.location,
    queue: queue.kind,
    close: () => closers.close(),
  }
}

/** An address that can be opened: one that stands for all interfaces is shown as this machine's. */
function urlOf(host: string, { port }: AddressInfo): string {
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`
}
