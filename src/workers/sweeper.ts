import type { DataFolder } from '../store/data-folder.js'
import type { Store } from '../store/store.js'
import type { Logger } from './logger.js'
import { DEFAULT_RETENTION, type Retention } from './retention.js'

export interface SweeperOptions {
  store: Store
  dataFolder: DataFolder
  logger: Logger
  retention?: Partial<Retention>
  /** Milliseconds for which files without a row are left alone: their row may still be under way. Default an hour. */
  orphanMs?: number
}

const DAY = 24 * 60 * 60 * 1000
const HOUR = 60 * 60 * 1000

/** For how long a request may be sent again; the API says so. */
const IDEMPOTENCY_KEY_DAYS = 1

/** What a round has removed, by kind. */
export type Swept = Record<
  | 'checkpoints'
  | 'jobs'
  | 'events'
  | 'idempotencyKeys'
  | 'ingestions'
  | 'corpora'
  | 'backtestRuns'
  | 'orphans',
  number
>

/** Removes what nothing needs any more, once. Several processes may do so at the same time. */
export async function sweep(options: SweeperOptions): Promise<Swept> {
  const { store, logger } = options
  const retention = { ...DEFAULT_RETENTION, ...options.retention }
  const before = (days: number) => new Date(Date.now() - days * DAY)
  const swept: Swept = {
    checkpoints: await sweepCheckpoints(options, before(retention.checkpointDays)),
    jobs: await store.jobs.deleteEndedBefore(before(retention.jobDays)),
    events: await store.events.deleteBefore(before(retention.eventDays)),
    idempotencyKeys: await store.idempotency.deleteBefore(before(IDEMPOTENCY_KEY_DAYS)),
    backtestRuns: await store.backtests.deleteNeedlessRuns(),
    corpora: await sweepCorpora(options),
    ingestions: await sweepIngestions(options),
    orphans: await sweepOrphans(options),
  }
  if (Object.values(swept).some((count) => count > 0)) {
    logger.info(swept, 'what nothing needs any more was removed')
  }
  return swept
}

/** A trial that has ended, or is gone with its study, does not touch its checkpoint any more. */
async function sweepCheckpoints({ store, dataFolder }: SweeperOptions, before: Date) {
  const checkpoints = await dataFolder.checkpoints()
  const needed = await store.trials.unended(checkpoints.map(({ trialId }) => trialId))
  const old = checkpoints.filter(
    ({ trialId, changedAt }) => !needed.has(trialId) && changedAt < before,
  )
  for (const { trialId } of old) await dataFolder.removeCheckpoint(trialId)
  return old.length
}

/** The rows first: files that are left over are orphans, which a later round removes. */
async function sweepCorpora({ store, dataFolder }: SweeperOptions): Promise<number> {
  let count = 0
  for (const { id } of await store.corpora.expired(new Date())) {
    if (!(await store.corpora.delete(id))) continue
    await dataFolder.removeCorpus(id)
    count++
  }
  return count
}

async function sweepIngestions({ store, dataFolder }: SweeperOptions): Promise<number> {
  let count = 0
  for (const { id, corpusId } of await store.corpora.supersededIngestions()) {
    if (!(await store.corpora.deleteIngestion(id))) continue
    await dataFolder.removeIngestion(corpusId, id)
    count++
  }
  return count
}

async function sweepOrphans(options: SweeperOptions): Promise<number> {
  const { store, dataFolder, orphanMs = HOUR } = options
  const before = new Date(Date.now() - orphanMs)
  let count = 0
  for (const { corpusId, sourceId, changedAt } of await dataFolder.uploads()) {
    if (changedAt >= before) continue
    const sources = await store.corpora.sources(corpusId)
    if (sources.some(({ id }) => id === sourceId)) continue
    await dataFolder.removeUpload(corpusId, sourceId)
    count++
  }
  for (const { corpusId, ingestionId, changedAt } of await dataFolder.ingestions()) {
    if (changedAt >= before || (await store.corpora.ingestion(ingestionId))) continue
    await dataFolder.removeIngestion(corpusId, ingestionId)
    count++
  }
  return count + (await sweepImports(dataFolder, before))
}

/** Files of imports go with the request that brought them; what is older is of a process that has died. */
async function sweepImports(dataFolder: DataFolder, before: Date): Promise<number> {
  const old = (await dataFolder.imports()).filter(({ changedAt }) => changedAt < before)
  for (const { importId } of old) await dataFolder.removeImport(importId)
  return old.length
}
