import { MixwrightError } from '../errors.js'
import type { JobRecord } from '../store/records.js'
import type { JobNeed, Store } from '../store/store.js'
import type { EventService } from './events.js'
import type { SearchService } from './searches.js'
import { type Listing, listing } from './studies.js'

export interface JobService {
  /** @throws MixwrightError `job-not-found` */
  get(id: string): Promise<JobRecord>
  list(query: { limit: number; after?: string; studyId?: string }): Promise<Listing<JobRecord>>
  /**
   * Cancels a queued job at once; a running one is told to stop and is `cancelled` a moment later. Asking twice is no error.
   * @throws MixwrightError `job-not-found`, or `job-already-ended` for one that succeeded or failed
   */
  cancel(id: string): Promise<JobRecord>
  /**
   * Removes a job that has ended; what it was about stays.
   * @throws MixwrightError `job-not-found`, or `job-needed` for one that is under way or still tells something
   */
  delete(id: string): Promise<void>
}

/** What the details of refusals say. */
const NEEDS: Record<JobNeed, string> = {
  'under-way': 'has not ended; cancel it first',
  trial: 'is about a trial that has not ended',
  search: 'is about the fit that a search waits for',
  fit: 'alone says why its fit came to nothing; it goes with the study',
  ingestion: 'alone says why its ingestion came to nothing; it stays as long as the ingestion',
  backtest: 'alone says why its backtest came to nothing; delete the backtest, and it goes too',
}

export function createJobService(
  store: Store,
  searches: Pick<SearchService, 'advance'>,
  events: Pick<EventService, 'publish'>,
): JobService {
  return {
    async get(id) {
      const job = await store.jobs.get(id)
      if (!job) throw jobNotFound(id)
      return job
    },
    async list({ limit, after, studyId }) {
      return listing(await store.jobs.list({ limit: limit + 1, after, studyId }), limit)
    },
    async cancel(id) {
      const before = await store.jobs.get(id)
      const job = await store.jobs.requestCancel(id)
      if (!job) throw jobNotFound(id)
      if (job.state === 'succeeded' || job.state === 'failed') {
        throw new MixwrightError('job-already-ended', `The job ${id} has ${job.state} already.`)
      }
      // What ended at once has no worker that would see to what comes after it.
      if (job.state === 'cancelled') {
        if (before?.state === 'queued') await tellOfTrial(store, events, job)
        await advanceSearches(store, searches, job)
      }
      return job
    },
    async delete(id) {
      const outcome = await store.jobs.delete(id)
      if (outcome === undefined) throw jobNotFound(id)
      if (outcome === 'deleted') return
      throw new MixwrightError('job-needed', `The job ${id} ${NEEDS[outcome]}.`)
    },
  }
}

async function tellOfTrial(
  store: Store,
  events: Pick<EventService, 'publish'>,
  { kind, subjectId }: JobRecord,
): Promise<void> {
  const trial = kind === 'trial' ? await store.trials.getProxy(subjectId) : undefined
  if (!trial) return
  const { id: trialId, searchId, studyId } = trial
  await events.publish(studyId, { type: 'trial-cancelled', data: { trialId, searchId } })
}

/** The searches that may go on now that the job has ended. */
async function advanceSearches(
  store: Store,
  searches: Pick<SearchService, 'advance'>,
  { kind, studyId }: JobRecord,
): Promise<void> {
  if (kind === 'ingest') return
  for (const search of await store.searches.unfinished()) {
    if (search.studyId === studyId) await searches.advance(search.id)
  }
}

function jobNotFound(id: string): MixwrightError {
  return new MixwrightError('job-not-found', `There is no job with the id ${id}.`)
}
