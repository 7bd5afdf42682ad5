import { v7 as uuid } from 'uuid'
import { MixwrightError, type ProblemDocument, problemDocument } from '../errors.js'
import { optimizerByName } from '../optimizers/registry.js'
import type { SearchRecord, StudyRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { extendSearch } from './adaptive-searches.js'
import type { EventService, StudyEvent } from './events.js'
import { dataOfFit, learnsFromFidelities } from './fit-data.js'
import { chooseFidelity } from './fits.js'
import { type FittableRuns, fittableRuns } from './fittable-runs.js'
import type { Compute, Doorbell } from './ports.js'

/** How a search goes on when its trials, and then its fit, have ended. */
export interface SearchCourseOptions {
  store: Store
  compute: Pick<Compute, 'suggest'>
  doorbell: Doorbell
  events: Pick<EventService, 'publish'>
}

/** One step, if there is one to take. Several may call it at once: every step is a compare-and-set in the store. */
export async function advanceSearch(options: SearchCourseOptions, searchId: string): Promise<void> {
  const search = await options.store.searches.get(searchId)
  if (search?.state === 'running') await afterTrials(options, search)
  else if (search?.state === 'fitting') await afterFit(options, search)
}

/** What the input is to blame for, or the method, ends the search; other failures are for the next try. */
async function afterTrials(options: SearchCourseOptions, search: SearchRecord): Promise<void> {
  try {
    if (!(await goesOn(options, search))) await afterLastTrial(options, search)
  } catch (error) {
    if (!(error instanceof MixwrightError) || error.status === 503) throw error
    await fail(options, search, problemDocument(error))
  }
}

/** Whether trials are under way; of methods that look at results, the next ones among them. */
async function goesOn(options: SearchCourseOptions, search: SearchRecord): Promise<boolean> {
  const { parallel } = search
  if (parallel !== null) return extendSearch(options, { ...search, parallel })
  const { waiting, running } = await options.store.searches.counts(search.id)
  return waiting + running > 0
}

async function afterLastTrial(options: SearchCourseOptions, search: SearchRecord): Promise<void> {
  const { completed, failed, cancelled } = await options.store.searches.counts(search.id)
  const made = completed + failed + cancelled
  const ends = `${completed} completed, ${failed} were set aside and ${cancelled} were cancelled`
  const why = failed > 0 ? await whySetAside(options.store, search) : ''
  const count = `Of ${made} trial${made === 1 ? '' : 's'} ${ends}${why}`
  if (search.purpose === 'search') return beginFit(options, search, count)
  if (completed > 0) return finish(options, search)
  return fail(options, search, failure(`${count}: there is nothing to compare.`))
}

/** In the words of the first: what sets several aside is mostly one and the same. */
async function whySetAside(store: Store, { id, studyId }: SearchRecord): Promise<string> {
  const query = { studyId, searchId: id, state: 'failed', limit: 1 } as const
  const [first] = await store.trials.list(query)
  const { detail } = (first?.problem ?? {}) as Partial<ProblemDocument>
  return detail ? ` (trial ${first.position}: ${detail.replace(/\.$/, '')})` : ''
}

async function beginFit(
  options: SearchCourseOptions,
  search: SearchRecord,
  count: string,
): Promise<void> {
  const { store, doorbell, events } = options
  const study = await store.studies.get(search.studyId)
  if (!study) return
  const { method, params } = study
  const runs = await fittableRuns(store, study.id)
  const fidelity = fidelityOfFit(search, study, runs)
  const data = await dataOfFit(store, study, runs, { method, params, fidelity })
  const m = study.problem.domains.length
  const isAny = learnsFromFidelities(study)
  const found = isAny ? data.runs + data.otherRuns : data.runs
  const needed = optimizerByName(method).needsRuns ? m + 1 : 1
  if (found < needed) {
    const where = isAny ? 'of the study' : `at fidelity "${fidelity}"`
    const detail =
      `${count}. With the other runs ${where} there are ${found}; ` +
      `${method} takes at least ${needed} for ${m} domains.`
    return fail(options, search, failure(detail))
  }
  const [fitId, jobId] = [uuid(), uuid()]
  const isBegun = await store.searches.beginFit(search.id, {
    id: fitId,
    studyId: study.id,
    jobId,
    method,
    surrogate: 'auto',
    params,
    seed: search.seed,
    fidelity,
    importIds: data.importIds,
    trialIds: data.trialIds,
    dataHash: data.dataHash,
  })
  if (!isBegun) return
  const about = { fitId, jobId, searchId: search.id }
  await events.publish(study.id, { type: 'fit-started', data: about })
  await doorbell.ring('fit', jobId)
}

/** That of the search; where its method chose others alone, the closest to the target run that has runs. */
function fidelityOfFit(
  { fidelity, fidelities }: SearchRecord,
  study: StudyRecord,
  { fidelities: withRuns }: FittableRuns,
): string {
  if (fidelities === null || withRuns.has(fidelity)) return fidelity
  return chooseFidelity(study, withRuns)
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

async function finish({ store }: SearchCourseOptions, search: SearchRecord): Promise<void> {
  const { id: searchId, state, fitId } = search
  const event: StudyEvent = { type: 'search-finished', data: { searchId, fitId } }
  await store.searches.end(searchId, [state], { state: 'finished', problem: null }, event)
}

async function fail(
  { store }: SearchCourseOptions,
  { id: searchId, state }: SearchRecord,
  problem: ProblemDocument,
): Promise<void> {
  const end = { state: 'failed', problem: { ...problem } } as const
  const { code, detail } = problem
  const event: StudyEvent = { type: 'search-failed', data: { searchId, code, detail } }
  await store.searches.end(searchId, [state], end, event)
}

async function cancel(
  { store }: SearchCourseOptions,
  { id: searchId, state }: SearchRecord,
): Promise<void> {
  const event: StudyEvent = { type: 'search-cancelled', data: { searchId } }
  await store.searches.end(searchId, [state], { state: 'cancelled', problem: null }, event)
}

function failure(detail: string): ProblemDocument {
  return problemDocument(new MixwrightError('search-failed', detail))
}
