import { v7 as uuid } from 'uuid'
import { MixwrightError, type ProblemDocument, problemDocument } from '../errors.js'
import { optimizerByName } from '../optimizers/registry.js'
import type { SearchRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { EventService } from './events.js'
import { dataOfFit, fittableRuns } from './fit-data.js'
import type { Doorbell } from './ports.js'

/** How a search goes on when its trials, and then its fit, have ended. */
export interface SearchCourseOptions {
  store: Store
  doorbell: Doorbell
  events: Pick<EventService, 'publish'>
}

/** One step, if there is one to take. Several may call it at once: every step is a compare-and-set in the store. */
export async function advanceSearch(options: SearchCourseOptions, searchId: string): Promise<void> {
  const search = await options.store.searches.get(searchId)
  if (search?.state === 'running') await afterTrials(options, search)
  else if (search?.state === 'fitting') await afterFit(options, search)
}

async function afterTrials(options: SearchCourseOptions, search: SearchRecord): Promise<void> {
  const { waiting, running, completed, failed, cancelled } = await options.store.searches.counts(
    search.id,
  )
  if (waiting + running > 0) return
  const ends = `${completed} completed, ${failed} were set aside and ${cancelled} were cancelled`
  const count = `Of ${search.trials} trial${search.trials === 1 ? '' : 's'} ${ends}`
  if (search.purpose === 'search') return beginFit(options, search, count)
  if (completed > 0) return finish(options, search)
  return fail(options, search, failure(`${count}: there is nothing to compare.`))
}

async function beginFit(
  options: SearchCourseOptions,
  search: SearchRecord,
  count: string,
): Promise<void> {
  const { store, doorbell, events } = options
  const study = await store.studies.get(search.studyId)
  if (!study) return
  const data = await dataOfFit(store, study, await fittableRuns(store, study.id), search.fidelity)
  const m = study.problem.domains.length
  const needed = optimizerByName(study.method).needsRuns ? m + 1 : 1
  if (data.runs < needed) {
    const detail =
      `${count}. With the other runs at fidelity "${search.fidelity}" there are ${data.runs}; ` +
      `${study.method} takes at least ${needed} for ${m} domains.`
    return fail(options, search, failure(detail))
  }
  const [fitId, jobId] = [uuid(), uuid()]
  const isBegun = await store.searches.beginFit(search.id, {
    id: fitId,
    studyId: study.id,
    jobId,
    method: study.method,
    surrogate: 'auto',
    params: study.params,
    seed: search.seed,
    fidelity: search.fidelity,
    importIds: data.importIds,
    trialIds: data.trialIds,
    dataHash: data.dataHash,
  })
  if (!isBegun) return
  const about = { fitId, jobId, searchId: search.id }
  await events.publish(study.id, { type: 'fit-started', data: about })
  await doorbell.ring('fit', jobId)
}

async function afterFit(options: SearchCourseOptions, search: SearchRecord): Promise<void> {
  const { store } = options
  const fit = search.fitId ? await store.fits.get(search.fitId) : undefined
  if (fit?.recommendation) return finish(options, search)
  const job = fit && (await store.jobs.get(fit.jobId))
  switch (job?.state) {
    case 'queued':
    case 'running':
    case 'succeeded':
      return
    case 'cancelled':
      return cancel(options, search)
    case 'failed':
      return fail(
        options,
        search,
        (job.problem as ProblemDocument | null) ?? failure('Its fit failed.'),
      )
    case undefined:
      return fail(options, search, failure('Its fit is gone.'))
  }
}

async function finish({ store, events }: SearchCourseOptions, search: SearchRecord): Promise<void> {
  const { id: searchId, studyId, state, fitId } = search
  if (!(await store.searches.end(searchId, [state], { state: 'finished', problem: null }))) return
  await events.publish(studyId, { type: 'search-finished', data: { searchId, fitId } })
}

async function fail(
  { store, events }: SearchCourseOptions,
  { id: searchId, studyId, state }: SearchRecord,
  problem: ProblemDocument,
): Promise<void> {
  const end = { state: 'failed', problem: { ...problem } } as const
  if (!(await store.searches.end(searchId, [state], end))) return
  const { code, detail } = problem
  await events.publish(studyId, { type: 'search-failed', data: { searchId, code, detail } })
}

async function cancel(
  { store, events }: SearchCourseOptions,
  { id: searchId, studyId, state }: SearchRecord,
): Promise<void> {
  if (!(await store.searches.end(searchId, [state], { state: 'cancelled', problem: null }))) return
  await events.publish(studyId, { type: 'search-cancelled', data: { searchId } })
}

function failure(detail: string): ProblemDocument {
  return problemDocument(new MixwrightError('search-failed', detail))
}
