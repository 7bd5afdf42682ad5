import type { PgPool } from 'bullmq'
import type { Doorbell } from '../../studies/ports.js'
import {
  type Concurrency,
  handlersByJob,
  JOB_CATALOGUE,
  JOB_NAMES,
  type JobName,
  type JobPayload,
  type JobSettings,
  type Processor,
} from '../catalogue.js'
import { settlesWithin, within } from '../deadline.js'
import { createSteadyWarning, type Logger } from '../logger.js'
import type { Bull, BullQueue } from './bull.js'
import { deliver } from './delivery.js'
import { bullOnDatabase, bullOnRedis } from './places.js'
import { type QueueWorker, startQueueWorker } from './worker.js'

const ANSWER_LIMIT_MS = 5000
const CLOSE_LIMIT_MS = 2000

export type QueueKind = 'embedded' | 'postgresql' | 'redis'

export interface QueueOptions {
  kind: QueueKind
  /** For `embedded` and `postgresql`; stays the caller's to close. Its `search_path` includes `bullmq`. */
  pool?: PgPool
  /** For `redis`: `redis://…` or `rediss://…`. */
  redisUrl?: string
  /** Keeps installations that share one database or Redis apart. Default `mixwright`. */
  prefix?: string
  /** Replaces settings of the catalogue, for every job. */
  settings?: Partial<JobSettings>
  logger: Logger
}

/** How many deliveries are in which state. */
export interface QueueDepth {
  waiting: number
  active: number
  /** Waiting for another attempt. */
  delayed: number
}

export interface QueueHealth extends QueueDepth {
  kind: QueueKind
  /** Of each job. */
  jobs: Readonly<Record<JobName, QueueDepth>>
  warnings: readonly string[]
}

/** Carries jobs to workers. It is a doorbell: it may lose or repeat what it is given, because the store has the jobs. */
export interface JobQueue extends Doorbell {
  readonly kind: QueueKind
  /** Sends a job to some worker, unless it is already waiting for one. Rejects when the queue cannot be reached. */
  send<N extends JobName>(job: N, payload: JobPayload<N>): Promise<void>
  /** Works jobs off in this process. Throws when a job of the catalogue has no processor or two. */
  startWorker(processors: readonly Processor[], concurrency: Concurrency): Promise<QueueWorker>
  /** Rejects when the queue does not answer within five seconds. */
  health(): Promise<QueueHealth>
  /** Close workers first. */
  close(): Promise<void>
}

/** @throws Error when the database or Redis cannot be reached, or an option is missing */
export async function openQueue(options: QueueOptions): Promise<JobQueue> {
  const { kind, prefix = 'mixwright', logger } = options
  const bull = await openBull(options)
  for (const warning of bull.warnings) logger.warn({}, warning)
  const warn = createSteadyWarning(logger, 'the queue cannot be reached')
  const queueName = (job: JobName) => `${prefix}-${job}`
  const settings = (job: JobName) => ({ ...JOB_CATALOGUE[job], ...options.settings })
  const queues = openQueues(bull, queueName, warn)
  await Promise.all([...queues.values()].map((queue) => queue.waitUntilReady()))
  const send: JobQueue['send'] = (job, payload) =>
    within(
      deliver(queues.get(job)!, job, payload, settings(job)),
      ANSWER_LIMIT_MS,
      'the queue does not answer',
    )
  return {
    kind,
    send,
    ring: (kind, jobId) => send(kind, { jobId }).catch(warn),
    startWorker: (processors, concurrency) =>
      startQueueWorker({
        bull,
        queueName,
        settings,
        handlers: handlersByJob(processors),
        concurrency,
        logger,
      }),
    health: () =>
      within(countJobs(kind, queues, bull), ANSWER_LIMIT_MS, 'no answer from the queue'),
    async close() {
      await Promise.all([...queues.values()].map(closeQueue))
    },
  }
}

function openBull({ kind, pool, redisUrl }: QueueOptions): Promise<Bull> {
  if (kind === 'redis') {
    if (!redisUrl) throw new Error('a queue on Redis needs redisUrl')
    return bullOnRedis(redisUrl)
  }
  if (!pool) throw new Error('a queue on a database needs its pool')
  return bullOnDatabase(pool)
}

function openQueues(
  bull: Bull,
  queueName: (job: JobName) => string,
  warn: (error: unknown) => void,
): ReadonlyMap<JobName, BullQueue> {
  return new Map(
    JOB_NAMES.map((job) => {
      const queue = bull.queue(queueName(job))
      queue.on('error', warn)
      return [job, queue]
    }),
  )
}

async function countJobs(
  kind: QueueKind,
  queues: ReadonlyMap<JobName, BullQueue>,
  { warnings }: Bull,
): Promise<QueueHealth> {
  const depths = await Promise.all(
    [...queues].map(async ([job, queue]): Promise<[JobName, QueueDepth]> => {
      const counts = await queue.getJobCounts('waiting', 'active', 'delayed')
      const { waiting = 0, active = 0, delayed = 0 } = counts
      return [job, { waiting, active, delayed }]
    }),
  )
  const sum = (state: keyof QueueDepth) =>
    depths.reduce((total, [, depth]) => total + depth[state], 0)
  return {
    kind,
    waiting: sum('waiting'),
    active: sum('active'),
    delayed: sum('delayed'),
    jobs: Object.fromEntries(depths) as Record<JobName, QueueDepth>,
    warnings,
  }
}

/** A connection that cannot be closed in order, because the other side is away, is cut. */
async function closeQueue(queue: BullQueue): Promise<void> {
  const closed = queue.close().then(
    () => true,
    () => false,
  )
  if ((await settlesWithin(closed, CLOSE_LIMIT_MS)) && (await closed)) return
  await settlesWithin(queue.disconnect(), CLOSE_LIMIT_MS)
}
