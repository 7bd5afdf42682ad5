import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { buildApp, buildWorkerApp, loggerOptions } from '../api/index.js'
import { VERSION } from '../version.js'
import type { JobQueue, QueueKind } from '../workers/index.js'
import { accessOf } from './access.js'
import { Closers } from './closers.js'
import type { Config } from './config.js'
import { explainEnvironment } from './environment.js'
import { UsageError } from './failures.js'
import { type Foundation, openFoundation, startWork } from './foundation.js'

/** What runs in this process. */
interface Running {
  readonly store: 'embedded' | 'postgresql'
  /** Where the data are, for people. */
  readonly location: string
  readonly queue: QueueKind
  /** Answers what is under way, puts jobs at work back into the queue, and closes everything. */
  close(): Promise<void>
}

export interface RunningService extends Running {
  /** Where it listens: `http://host:port`. */
  readonly url: string
  /** Whether nobody needs a key yet. */
  readonly isOpen: boolean
}

export interface RunningWorker extends Running {
  /** Where it answers those who watch over it; undefined when it does not listen. */
  readonly url: string | undefined
  /** Names this process in the store. */
  readonly name: string
}

/**
 * The API and the workers in one process, listening when this resolves.
 * @param onFailure told when the embedded database has failed for good; nothing can be answered any more
 * @throws EnvironmentError when the folder or the port is taken, or a server does not answer
 */
export function startService(
  config: Config,
  onFailure?: (error: Error) => void,
): Promise<RunningService> {
  return opening(config, async (closers) => {
    const foundation = await openFoundation(config, closers, onFailure)
    const { app, isOpen } = await openApi(foundation)
    const queue = await foundation.connect(app.log)
    await startWork(foundation, queue, app.log)
    return { ...facts(foundation, queue), isOpen, url: await listen(app, foundation) }
  })
}

/**
 * The API alone. Its threads do what somebody waits for (parsing, suggestions, predictions); they train nothing.
 * @throws UsageError without a server for the store; EnvironmentError as `startService`
 */
export function startApi(config: Config): Promise<RunningService> {
  return opening(config, async (closers) => {
    requireServer(config, 'api')
    const foundation = await openFoundation(config, closers)
    const { app, isOpen } = await openApi(foundation)
    const queue = await foundation.connect(app.log)
    return { ...facts(foundation, queue), isOpen, url: await listen(app, foundation) }
  })
}

/**
 * The workers alone. With a `workerPort` it answers there to those who watch over it.
 * @throws UsageError without a server for the store; EnvironmentError as `startService`
 */
export function startWorker(given: Config): Promise<RunningWorker> {
  const config = { ...given, port: given.workerPort ?? 0 }
  return opening(config, async (closers) => {
    requireServer(config, 'worker')
    const foundation = await openFoundation(config, closers)
    const { services, metrics } = foundation
    const app = await buildWorkerApp({ services, metrics, logger: loggerOf(config) })
    const queue = await foundation.connect(app.log)
    const { name } = await startWork(foundation, queue, app.log)
    const url = config.workerPort === undefined ? undefined : await listen(app, foundation)
    return { ...facts(foundation, queue), url, name }
  })
}

/** Whatever was opened before something failed is closed again. */
async function opening<T>(config: Config, open: (closers: Closers) => Promise<T>): Promise<T> {
  const closers = new Closers()
  try {
    return await open(closers)
  } catch (error) {
    await closers.close().catch(() => {})
    throw explainEnvironment(error, config)
  }
}

function requireServer({ databaseUrl, dataFolder }: Config, command: 'api' | 'worker'): void {
  if (databaseUrl !== undefined) return
  const other = command === 'api' ? 'its workers' : 'the API'
  throw new UsageError(
    `mixwright ${command} needs a PostgreSQL server: the embedded database in ${dataFolder} is locked by the one process ` +
      `that has it open, so ${other} could not share it.`,
    'Set DATABASE_URL (and REDIS_URL), for this process and all others; or run `mixwright serve`, which is both in one.',
  )
}

async function openApi({ services, metrics, config }: Foundation) {
  const limits = { eventStreams: config.eventStreams }
  const logger = loggerOf(config)
  const { security, isOpen } = await accessOf(config, services.keys)
  const app = await buildApp({ services, version: VERSION, logger, limits, security, metrics })
  if (isOpen) app.log.info('the service is open: no key is asked for as long as there is none')
  return { app, isOpen }
}

function loggerOf({ logLevel }: Config) {
  return loggerOptions(logLevel, process.stderr)
}

function facts({ store, closers }: Foundation, queue: JobQueue): Running {
  return {
    store: store.kind,
    location: store.location,
    queue: queue.kind,
    close: () => closers.close(),
  }
}

async function listen(
  app: Pick<FastifyInstance, 'listen' | 'close' | 'server'>,
  { config: { host, port }, closers }: Foundation,
): Promise<string> {
  closers.add(() => app.close())
  await app.listen({ host, port })
  return urlOf(host, app.server.address() as AddressInfo)
}

/** An address that can be opened: one that stands for all interfaces is shown as this machine's. */
function urlOf(host: string, { port }: AddressInfo): string {
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`
}
