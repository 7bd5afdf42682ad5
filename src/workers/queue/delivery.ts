import { type JobsOptions, UnrecoverableError, WaitingError } from 'bullmq'
import { MixwrightError } from '../../errors.js'
import {
  isPayload,
  type JobHandler,
  type JobName,
  type JobPayload,
  type JobSettings,
} from '../catalogue.js'
import type { BullProcessor, BullQueue } from './bull.js'

/** States from which BullMQ will still hand a delivery to a worker. */
const STILL_TO_COME: ReadonlySet<string> = new Set([
  'waiting',
  'delayed',
  'prioritized',
  'waiting-children',
])

/**
 * Adds a delivery of the job unless one is still to come. A delivery that was begun does not count: its worker may
 * have died, and then BullMQ would take a second one with the same id for a duplicate and drop it. Hence the number
 * at the end of the id.
 */
export async function deliver<N extends JobName>(
  queue: BullQueue,
  job: N,
  payload: JobPayload<N>,
  settings: JobSettings,
): Promise<void> {
  for (let number = 0; ; number++) {
    const jobId = `${job}-${payload.jobId}-${number}`
    const state = await queue.getJobState(jobId)
    if (STILL_TO_COME.has(state)) return
    if (state === 'unknown') {
      await queue.add(job, payload, { jobId, ...deliveryOptions(settings) })
      return
    }
  }
}

/** Ended deliveries are not kept: what became of a job is in the store. */
function deliveryOptions({ attempts, backoffMs }: JobSettings): JobsOptions {
  return {
    attempts,
    backoff: { type: 'exponential', delay: backoffMs },
    removeOnComplete: true,
    removeOnFail: true,
  }
}

/** BullMQ's view of a handler: checks the payload, keeps refusals from being tried again, puts released jobs back. */
export function bullProcessor<N extends JobName>(
  job: N,
  handle: JobHandler<N>,
  signal: AbortSignal,
): BullProcessor {
  return async (delivery, token) => {
    const payload = delivery.data
    if (!isPayload(job, payload)) {
      throw new UnrecoverableError(`the payload of a ${job} job is not what the catalogue says`)
    }
    const outcome = signal.aborted
      ? 'released'
      : await handle(payload, { signal }).catch(rethrowForBull)
    if (outcome === 'released') {
      await delivery.moveToWait(token)
      throw new WaitingError()
    }
  }
}

function rethrowForBull(error: unknown): never {
  if (error instanceof MixwrightError && error.status < 500) {
    throw new UnrecoverableError(`${error.code}: ${error.message}`)
  }
  throw error
}
