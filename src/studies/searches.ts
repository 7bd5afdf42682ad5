import { MixwrightError } from '../errors.js'
import type { Mixture } from '../optimizers/problem.js'
import type {
  MeasurementRecord,
  ProxyTrialState,
  SearchRecord,
  StudyRecord,
  TrialRecord,
  TrialState,
} from '../store/records.js'
import type { Store } from '../store/store.js'
import type { TrialDetail } from '../store/trial-contract.js'
import type { StudyEvent } from './events.js'
import { InTurn } from './in-turn.js'
import { advanceSearch } from './search-course.js'
import { type SearchStartOptions, startComparison, startSearch } from './search-start.js'
import { type Listing, listing, requireStudy } from './studies.js'

export interface NewSearch {
  /** A search that has the id already was made by an earlier try: it is the one that is wanted. Default: a new id. */
  id?: string
  /**
   * A fidelity with the evaluator `proxy`. Default: the one with proxies that is closest to the target run; of a method that chooses
   * fidelities, all with proxies.
   */
  fidelity?: string
  /**
   * Trials to train, or, of a method that looks at results, the most of them; the uniform and the natural mixture included. Default:
   * 4 (m + 1) for m domains, and for a method that looks at results, where there is a budget, as many as it pays for.
   */
  trials?: number
  /** Most that the trials may cost in all, in the unit of the fidelities' costs. Default: no bound. */
  budget?: number
  /** Of methods that look at results: trials in flight at a time. Default: as many as this process trains at a time. */
  parallel?: number
  /** Default: the study's. */
  seed?: number
}

/** Given mixtures, trained side by side with new seeds: what a recommendation is really worth. */
export interface NewComparison {
  /** A comparison that has the id already was made by an earlier try: it is the one that is wanted. Default: a new id. */
  id?: string
  /** Name → weights, 1 to 20 of them; domains left out have weight 0. They need not meet the constraints. */
  mixtures: Record<string, Mixture>
  /** Seeds of each mixture, 1 to 20. Default 2. Replicate r of every mixture has the same seed. */
  replicates?: number
  fidelity?: string
  /** Default: the study's. Searches draw their seeds under another name, so no replicate repeats a trial of a search. */
  seed?: number
}

/** A search with how far it is. */
export interface SearchView {
  search: SearchRecord
  counts: Record<ProxyTrialState, number>
}

/** A trial with everything that happened to it. */
export interface TrialView extends TrialDetail {
  study: StudyRecord
}

export interface SearchService {
  /**
   * Chooses the mixtures (uniform and natural first, as far as constraints allow) and queues a trial for each; once all have
   * ended, the study's method is fitted. A method that looks at results chooses the first few, and each further one when a trial has
   * ended.
   * @throws MixwrightError `study-not-found`, `validation-failed`, `search-running`, `too-few-runs`, `quota-exceeded`
   */
  start(studyId: string, input: NewSearch): Promise<SearchView>
  /**
   * Queues a trial for every mixture and seed (label: the mixture's name). It is a search with the purpose `comparison`, which
   * is `finished` once all trials have ended, without a fit; its trials are not used by fits.
   * @throws MixwrightError `study-not-found`, `validation-failed`, `search-running`, `quota-exceeded`
   */
  compare(studyId: string, input: NewComparison): Promise<SearchView>
  /** @throws MixwrightError `study-not-found`, `search-not-found` */
  get(studyId: string, searchId: string): Promise<SearchView>
  list(studyId: string, query: { limit: number; after?: string }): Promise<Listing<SearchView>>
  /**
   * Waiting trials end at once, running ones a moment later; what was measured stays.
   * @throws MixwrightError `study-not-found`, `search-not-found`, `search-already-ended`
   */
  cancel(studyId: string, searchId: string): Promise<SearchView>
  /**
   * Takes a search one step on, if it can be: room for further trials → these; all trials ended → the fit; the fit ended → the
   * end. Idempotent; called after every trial and fit, and by the reconciler.
   */
  advance(searchId: string): Promise<void>
  /** Whether this process is at that, or about to be. */
  isAdvancing(searchId: string): boolean
}

export interface TrialService {
  /** @throws MixwrightError `study-not-found`, `trial-not-found` */
  get(studyId: string, trialId: string): Promise<TrialView>
  list(
    studyId: string,
    query: {
      limit: number
      after?: string
      searchId?: string
      evaluator?: TrialRecord['evaluator']
      state?: TrialState
    },
  ): Promise<Listing<TrialRecord & { measurement: MeasurementRecord | undefined }>>
  /**
   * Removes the checkpoint that a trial which did not complete has left.
   * @throws MixwrightError `study-not-found`, `trial-not-found`, `trial-under-way`, `checkpoint-not-found`
   */
  deleteCheckpoint(studyId: string, trialId: string): Promise<void>
}

export function createSearchService(options: SearchStartOptions): SearchService {
  const { store } = options
  const inTurn = new InTurn()
  return {
    async start(studyId, input) {
      const study = await requireStudy(store, studyId)
      const made = await madeBefore(store, input.id)
      if (made) return made
      return view(store, await startSearch(options, study, input))
    },

    async compare(studyId, input) {
      const study = await requireStudy(store, studyId)
      const made = await madeBefore(store, input.id)
      if (made) return made
      return view(store, await startComparison(options, study, input))
    },

    async get(studyId, searchId) {
      await requireStudy(store, studyId)
      return view(store, await requireSearch(store, studyId, searchId))
    },

    async list(studyId, { limit, after }) {
      await requireStudy(store, studyId)
      const { items, hasMore } = listing(
        await store.searches.list(studyId, { limit: limit + 1, after }),
        limit,
      )
      return { items: await Promise.all(items.map((search) => view(store, search))), hasMore }
    },

    async cancel(studyId, searchId) {
      await requireStudy(store, studyId)
      const search = await requireSearch(store, studyId, searchId)
      await cancelSearch(options, search)
      return view(store, await requireSearch(store, studyId, searchId))
    },

    // Trials that end together would have the same next ones chosen for each.
    advance: (searchId) => inTurn.run(searchId, () => advanceSearch(options, searchId)),

    isAdvancing: (searchId) => inTurn.isBusy(searchId),
  }
}

async function madeBefore(store: Store, id: string | undefined): Promise<SearchView | undefined> {
  const search = id === undefined ? undefined : await store.searches.get(id)
  return search && view(store, search)
}

async function view(store: Store, search: SearchRecord): Promise<SearchView> {
  return { search, counts: await store.searches.counts(search.id) }
}

async function requireSearch(
  store: Store,
  studyId: string,
  searchId: string,
): Promise<SearchRecord> {
  const search = await store.searches.get(searchId)
  if (search?.studyId === studyId) return search
  const detail = `There is no search with the id ${searchId} in this study.`
  throw new MixwrightError('search-not-found', detail)
}

async function cancelSearch(
  { store }: SearchStartOptions,
  { id: searchId, state }: SearchRecord,
): Promise<void> {
  const end = { state: 'cancelled', problem: null } as const
  const event: StudyEvent = { type: 'search-cancelled', data: { searchId } }
  if (!(await store.searches.end(searchId, ['running', 'fitting'], end, event))) {
    throw new MixwrightError('search-already-ended', `The search ${searchId} has ${state} already.`)
  }
  await store.trials.cancelSearch(searchId)
  // Read again: the fit may have begun at the moment of the cancellation.
  const fitId = (await store.searches.get(searchId))?.fitId
  const fit = fitId ? await store.fits.get(fitId) : undefined
  if (fit) await store.jobs.requestCancel(fit.jobId)
}
