import type { Concurrency, Handlers, JobHandler, JobName, JobSettings } from '../catalogue.js'
import { settlesWithin } from '../deadline.js'
import { createSteadyWarning, type Logger } from '../logger.js'
import type { Bull, BullWorker } from './bull.js'
import { bullProcessor } from './delivery.js'

/** How long handlers may take to put their jobs back once they were told to stop. */
const RELEASE_LIMIT_MS = 10_000

/** How long the queue may take to note what became of deliveries. */
const CLOSE_LIMIT_MS = 2000

export interface QueueWorker {
  /**
   * Takes no further jobs. Those at work get `graceMs` to finish and are then told to put their job back.
   * @param graceMs default 0
   */
  close(graceMs?: number): Promise<void>
}

export interface WorkerSetup {
  bull: Bull
  queueName: (job: JobName) => string
  settings: (job: JobName) => JobSettings
  handlers: Handlers
  concurrency: Concurrency
  logger: Logger
}

export async function startQueueWorker(setup: WorkerSetup): Promise<QueueWorker> {
  const stop = new AbortController()
  const atWork = new Set<Promise<unknown>>()
  const workers = (Object.keys(setup.handlers) as JobName[]).map((job) =>
    startBullWorker(job, tracked(setup.handlers[job], atWork), stop.signal, setup),
  )
  await Promise.all(workers.map((worker) => worker.waitUntilReady()))
  return {
    async close(graceMs = 0) {
      const closed = Promise.all(workers.map((worker) => worker.close()))
      if (await settlesWithin(closed, graceMs)) return
      stop.abort()
      await settlesWithin(Promise.allSettled(atWork), RELEASE_LIMIT_MS)
      if (await settlesWithin(closed, CLOSE_LIMIT_MS)) return
      setup.logger.warn({}, 'the queue does not answer; its connections are cut')
      const cut = Promise.all(workers.map((worker) => worker.disconnect()))
      await settlesWithin(cut, CLOSE_LIMIT_MS)
    },
  }
}

/** The handler, with what it is at kept in the set. */
function tracked<N extends JobName>(
  handle: JobHandler<N>,
  atWork: Set<Promise<unknown>>,
): JobHandler<N> {
  return async (payload, context) => {
    const work = handle(payload, context)
    atWork.add(work)
    try {
      return await work
    } finally {
      atWork.delete(work)
    }
  }
}

function startBullWorker<N extends JobName>(
  job: N,
  handle: JobHandler<N>,
  signal: AbortSignal,
  { bull, queueName, settings, concurrency, logger }: WorkerSetup,
): BullWorker {
  const { lockMs } = settings(job)
  const worker = bull.worker(queueName(job), bullProcessor(job, handle, signal), {
    concurrency: concurrency[job],
    lockDuration: lockMs,
    stalledInterval: lockMs,
    runRetryDelay: 1000,
    // Handlers are idempotent, so a delivery may be begun anew as often as its workers die.
    maxStalledCount: 100,
  })
  worker.on('error', createSteadyWarning(logger, 'the queue reports an error'))
  worker.on('failed', (delivery, error) => {
    const fields = { delivery: delivery?.id, attempt: delivery?.attemptsMade, err: error }
    logger.warn(fields, `a delivery of a ${job} job failed`)
  })
  worker.on('stalled', (delivery) => {
    logger.warn({ delivery }, `a ${job} job lost its worker and is delivered again`)
  })
  return worker
}
