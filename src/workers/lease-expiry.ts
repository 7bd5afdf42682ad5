import type { ExternalTrialService } from '../studies/external-trials.js'
import type { Logger } from './logger.js'
import { type RepeatedWork, repeat } from './repeat.js'

export interface LeaseExpiryOptions {
  trials: Pick<ExternalTrialService, 'expireDue'>
  logger: Logger
  /** Longest time between two looks, in milliseconds: other processes hand out leases, too. Default 5 s. */
  longestMs?: number
}

const LONGEST_MS = 5000

/** A lease that is due by this process's clock may be so a moment later by that of the database. */
const MARGIN_MS = 5

/**
 * Expires leases when they are due: looks now, and then whenever the next one is. What it knows is in the store, so after a
 * restart it goes on where it was.
 */
export function startLeaseExpiry(options: LeaseExpiryOptions): RepeatedWork {
  const { trials, logger, longestMs = LONGEST_MS } = options
  let pauseMs = 0

  async function look(): Promise<void> {
    pauseMs = longestMs
    const { expired, nextDueInMs = longestMs } = await trials.expireDue()
    pauseMs = Math.min(longestMs, Math.max(0, nextDueInMs) + MARGIN_MS)
    for (const { id, studyId } of expired) {
      logger.info({ trial: id, study: studyId }, 'the lease on a trial expired')
    }
  }

  return repeat(
    look,
    () => pauseMs,
    (error) => logger.warn({ err: error }, 'leases that are due could not be looked for'),
  )
}
