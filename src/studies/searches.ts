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
