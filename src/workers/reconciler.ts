import type { SearchRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { Doorbell } from '../studies/ports.js'
import type { SearchService } from '../studies/searches.js'
import type { Logger } from './logger.js'
import { type RepeatedWork, repeat } from './repeat.js'

export interface ReconcilerOptions {
  store: Store
  doorbell: Doorbell
  logger: Logger
  /** Time between two rounds, in milliseconds. */
  intervalMs: number
  /** Age of the last heartbeat at which a running job counts as abandoned, in milliseconds. */
  staleMs: number
  /** Age at which an import that is still being written counts as abandoned, in milliseconds. */
  stagingMs: number
}

export interface SearchReconcilerOptions
  extends Pick<ReconcilerOptions, 'store' | 'logger' | 'intervalMs'> {
  searches: Pick<SearchService, 'advance' | 'isAdvancing'>
}

/** Later than any heartbeat, whatever the clocks of the processes that wrote them said. */
const FAR_FUTURE = new Date('9999-12-31T00:00:00Z')

/**
 * Takes up the jobs that the death of another process left running, and only when no other process lives: all of them
 * are abandoned then, however fresh their heartbeats.
 */
export function recoverAsSoleProcess(options: Setting): Promise<void> {
  return ringForAbandoned(options, FAR_FUTURE)
}

/** At an interval: rings for jobs that should be running and are not, and discards abandoned imports. */
export function startReconciler(options: ReconcilerOptions): RepeatedWork {
  const { intervalMs, staleMs, stagingMs, logger } = options
  const round = async () => {
    const now = Date.now()
    await ringForAbandoned(options, new Date(now - staleMs))
    await discardAbandoned(options, new Date(now - stagingMs))
  }
  return repeat(round, intervalMs, (error) => {
    logger.warn({ err: error }, 'abandoned jobs could not be looked for')
  })
}

/**
 * At an interval: takes searches on that a dead process left standing. In rounds of its own, because a method may compute for long
 * before it has chosen a trial.
 */
export function startSearchReconciler(options: SearchReconcilerOptions): RepeatedWork {
  const { store, searches, logger, intervalMs } = options
  const advance = async ({ id, studyId }: Pick<SearchRecord, 'id' | 'studyId'>) => {
    await settleTrials(store, studyId, id)
    if (!searches.isAdvancing(id)) await searches.advance(id)
  }
  const round = async () => {
    for (const search of await store.searches.unfinished()) {
      await advance(search).catch((error) => {
        const message = 'a search could not be taken on; it is tried again soon'
        logger.warn({ search: search.id, err: error }, message)
      })
    }
  }
  return repeat(round, intervalMs, (error) => {
    logger.warn({ err: error }, 'searches that stand still could not be looked for')
  })
}

type Setting = Pick<ReconcilerOptions, 'store' | 'doorbell' | 'logger'>

async function ringForAbandoned(
  { store, doorbell, logger }: Setting,
  staleBefore: Date,
): Promise<void> {
  for (const { id, kind, state, worker } of await store.jobs.findOrphans(staleBefore)) {
    if (state === 'running') {
      if (!(await store.jobs.requeueOrphan(id, staleBefore))) continue
      logger.warn({ job: id, worker }, 'a job was abandoned by its worker and is taken up again')
    }
    await doorbell.ring(kind, id)
  }
}

/** More than can be running at a time; the next round would find the rest. */
const MOST_RUNNING = 1000

/** Trials whose jobs ended without them. */
async function settleTrials(store: Store, studyId: string, searchId: string): Promise<void> {
  const query = { studyId, searchId, state: 'running', limit: MOST_RUNNING } as const
  for (const { id } of await store.trials.list(query)) await store.trials.settle(id)
}

async function discardAbandoned(
  { store, logger }: Pick<ReconcilerOptions, 'store' | 'logger'>,
  stagingBefore: Date,
): Promise<void> {
  const discarded = await store.imports.discardStagingBefore(stagingBefore)
  if (discarded > 0) {
    logger.warn({ discarded }, 'imports that never came to their end were discarded')
  }
}
