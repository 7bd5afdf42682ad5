import { v7 as uuid } from 'uuid'
import { MixwrightError } from '../errors.js'
import type { Fidelity, Mixture } from '../optimizers/problem.js'
import type { DataFolder } from '../store/data-folder.js'
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
import { modelConfig, parameterCount } from '../training/index.js'
import type { EventService, StudyEvent } from './events.js'
import { fittableRuns } from './fit-data.js'
import type { Compute, Doorbell } from './ports.js'
import { comparisonPlan, proxyFidelity, refuseTooFew } from './search-checks.js'
import { advanceSearch } from './search-course.js'
import { type PlannedTrial, planSearch } from './search-plan.js'
import { type Listing, listing, requireStudy } from './studies.js'

export interface NewSearch {
  /** A search that has the id already was made by an earlier try: it is the one that is wanted. Default: a new id. */
  id?: string
  /** A fidelity with the evaluator `proxy`. Default: the one with proxies that is closest to the target run. */
  fidelity?: string
  /** Trials to train, the uniform and the natural mixture included. Default: 4 (m + 1) for m domains. */
  trials?: number
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

/** A law has m + 1 parameters a metric; its optimum is not to be believed before there are a few runs for each. */
const TRIALS_PER_PARAMETER = 4

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
   * ended, the study's method is fitted.
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
   * Takes a search one step on, if it can be: all trials ended → the fit; the fit ended → the end. Idempotent; called after
   * every trial and fit, and by the reconciler.
   */
  advance(searchId: string): Promise<void>
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

export interface SearchServiceOptions {
  store: Store
  compute: Pick<Compute, 'suggest'>
  doorbell: Doorbell
  events: Pick<EventService, 'publish'>
  dataFolder: DataFolder
  /** Trials in training at the same time, each with a checkpoint. */
  trainingThreads: number
}

const DEFAULT_REPLICATES = 2

/** Of one parameter in a checkpoint: its value and two moments, four bytes each. */
const STATE_BYTES = 12

export function createSearchService(options: SearchServiceOptions): SearchService {
  const { store, compute } = options
  return {
    async start(studyId, input) {
      const study = await requireStudy(store, studyId)
      const made = await madeBefore(store, input.id)
      if (made) return made
      const fidelity = proxyFidelity(study, input.fidelity)
      await refuseWhileRunning(store, studyId)
      const runs = await fittableRuns(store, studyId)
      const tried = runs.trials.filter(({ fidelity: at }) => at === fidelity.name)
      const seed = input.seed ?? study.seed
      const count = input.trials ?? TRIALS_PER_PARAMETER * (study.problem.domains.length + 1)
      const plan = await planSearch(compute, study, {
        fidelity: fidelity.name,
        count,
        seed,
        tried: tried.map(({ weights }) => weights),
      })
      refuseTooFew(study, fidelity.name, plan.length, runs)
      return begin(options, study, fidelity, { id: input.id, purpose: 'search', seed, plan })
    },

    async compare(studyId, input) {
      const study = await requireStudy(store, studyId)
      const made = await madeBefore(store, input.id)
      if (made) return made
      const fidelity = proxyFidelity(study, input.fidelity)
      await refuseWhileRunning(store, studyId)
      const seed = input.seed ?? study.seed
      const replicates = input.replicates ?? DEFAULT_REPLICATES
      const plan = comparisonPlan(study, input.mixtures, replicates, seed)
      return begin(options, study, fidelity, { id: input.id, purpose: 'comparison', seed, plan })
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

    advance: (searchId) => advanceSearch(options, searchId),
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

/** Asked first because choosing mixtures takes a while; the store asks again. */
async function refuseWhileRunning(store: Store, studyId: string): Promise<void> {
  const unfinished = await store.searches.unfinished()
  const running = unfinished.find((search) => search.studyId === studyId)
  if (running) throw searchRunning(running.id)
}

function searchRunning(id?: string): MixwrightError {
  const named = id === undefined ? 'A search' : `The search ${id}`
  return new MixwrightError('search-running', `${named} of the study has not ended.`)
}

async function begin(
  options: SearchServiceOptions,
  study: StudyRecord,
  fidelity: Fidelity,
  asked: Pick<SearchRecord, 'purpose' | 'seed'> & { id?: string; plan: PlannedTrial[] },
): Promise<SearchView> {
  const { store, doorbell, events, dataFolder, trainingThreads } = options
  const { id: searchId = uuid(), purpose, seed, plan } = asked
  const inFlight = Math.min(trainingThreads, plan.length)
  await dataFolder.requireRoom(inFlight * (await bytesOfCheckpoint(store, study, fidelity)))
  const trials = plan.map((planned, position) => ({
    ...planned,
    id: uuid(),
    studyId: study.id,
    searchId,
    position,
    fidelity: fidelity.name,
    jobId: uuid(),
  }))
  const about = { id: searchId, studyId: study.id, purpose, fidelity: fidelity.name, seed }
  const search = await store.searches.insert({ ...about, trials: trials.length }, trials)
  if (!search) {
    await requireStudy(store, study.id)
    throw searchRunning()
  }
  const data = { searchId, purpose, fidelity: fidelity.name, trials: trials.length }
  await events.publish(study.id, { type: 'search-started', data })
  // Nobody waits for hundreds of bells; the reconciler finds what was not rung for.
  void ringForAll(doorbell, trials)
  return view(store, search)
}

async function ringForAll(doorbell: Doorbell, trials: readonly { jobId: string }[]): Promise<void> {
  for (const { jobId } of trials) await doorbell.ring('trial', jobId)
}

async function bytesOfCheckpoint(
  store: Store,
  { ingestionId }: StudyRecord,
  { proxy }: Fidelity,
): Promise<number> {
  const ingestion = ingestionId ? await store.corpora.ingestion(ingestionId) : undefined
  if (!proxy || !ingestion?.manifest) return 0
  const model = modelConfig(proxy.model, ingestion.manifest.tokenizer.vocabularySize)
  return STATE_BYTES * parameterCount(model)
}

async function cancelSearch(
  { store }: SearchServiceOptions,
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
