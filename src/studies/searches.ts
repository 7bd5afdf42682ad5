import type { Mixture } from '../optimizers/problem.js'
import type {
  AttemptRecord,
  LeaseRecord,
  MeasurementRecord,
  SearchRecord,
  StudyRecord,
  TrialRecord,
  TrialState,
} from '../store/records.js'
import type { Listing } from './studies.js'

export interface NewSearch {
  /** A fidelity with the evaluator `proxy`. Default: the one with proxies that is closest to the target run. */
  fidelity?: string
  /** Trials to train, the uniform and the natural mixture included. Default: twice the number of domains, plus 2; ≥ m + 1. */
  trials?: number
  /** Default: the study's. */
  seed?: number
}

/** Given mixtures, trained side by side with new seeds: what a recommendation is really worth. */
export interface NewComparison {
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
  counts: Record<TrialState, number>
}

/** A trial with everything that happened to it. */
export interface TrialView {
  trial: TrialRecord
  study: StudyRecord
  attempts: (AttemptRecord & { leases: LeaseRecord[] })[]
  measurements: MeasurementRecord[]
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
    query: { limit: number; after?: string; searchId?: string; state?: TrialState },
  ): Promise<Listing<TrialRecord & { measurement: MeasurementRecord | undefined }>>
}
