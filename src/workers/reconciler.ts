import type { Store } from '../store/store.js'
import type { Doorbell } from '../studies/ports.js'
import type { Logger } from './logger.js'

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

export interface Reconciler {
  /** One round, now; rounds never overlap. Rejects when the store cannot be reached. */
  reconcile(): Promise<void>
  close(): Promise<void>
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

/** Rings, at an interval, for jobs that should be running and are not, and discards abandoned imports. */
export function startReconciler(options: ReconcilerOptions): Reconciler {
  const { intervalMs, staleMs, stagingMs, logger } = options
  let last: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  function reconcile(): Promise<void> {
    const round = last.then(async () => {
      const now = Date.now()
      await ringForAbandoned(options, new Date(now - staleMs))
      await discardAbandoned(options, new Date(now - stagingMs))
    })
    last = round.catch(() => {})
    return round
  }

  function schedule(): void {
    if (closed) return
    timer = setTimeout(async () => {
      await reconcile().catch((error) => {
        logger.warn({ err: error }, 'abandoned jobs could not be looked for')
      })
      schedule()
    }, intervalMs)
    timer.unref()
  }

  schedule()
  return {
    reconcile,
    async close() {
      closed = true
      clearTimeout(timer)
      await last
    },
  }
}

type Setting = Pick<ReconcilerOptions, 'store' | 'doorbell' | 'logger'>

async function ringForAbandoned(
  { store, doorbell, logger }: Setting,
  staleBefore: Date,
): Promise<void> {
  for (const { id, state, worker } of await store.jobs.findOrphans(staleBefore)) {
    if (state === 'running') {
      if (!(await store.jobs.requeueOrphan(id, staleBefore))) continue
      logger.warn({ job: id, worker }, 'a job was abandoned by its worker and is taken up again')
    }
    await doorbell.ring(id)
  }
}

async function discardAbandoned({ store, logger }: Setting, stagingBefore: Date): Promise<void> {
  const discarded = await store.imports.discardStagingBefore(stagingBefore)
  if (discarded > 0) {
    logger.warn({ discarded }, 'imports that never came to their end were discarded')
  }
}
