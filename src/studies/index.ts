import type { DataFolder } from '../store/data-folder.js'
import type { IdempotencyRepository } from '../store/idempotency-contract.js'
import type { Store } from '../store/store.js'
import { type BacktestService, createBacktestService } from './backtests.js'
import { type CorpusService, createCorpusService } from './corpora.js'
import { createEventService, type EventService } from './events.js'
import { createExportService, type ExportService } from './exports.js'
import { createExternalTrialService, type ExternalTrialService } from './external-trials.js'
import { createFitService, type FitService } from './fits.js'
import { createHealthService, type HealthService } from './health.js'
import { createImportService, type ImportService } from './imports.js'
import { createJobService, type JobService } from './jobs.js'
import { createKeyService, type KeyService } from './keys.js'
import { DEFAULT_LIMITS, type Limits } from './limits.js'
import { createMethodService, type MethodService } from './methods.js'
import type { Compute, Doorbell } from './ports.js'
import { createPredictionService, type PredictionService } from './predictions.js'
import { createRecommendationService, type RecommendationService } from './recommendations.js'
import { createSearchService, type SearchService, type TrialService } from './searches.js'
import { createStudyService, type StudyService } from './studies.js'
import { createStudyFactsCache } from './study-facts.js'
import { createSuggestionService, type SuggestionService } from './suggestions.js'
import { createTrialService } from './trials.js'

/** The life of studies as every way in uses it. Knows no HTTP and no queue. */
export interface Services {
  readonly studies: StudyService
  readonly imports: ImportService
  readonly fits: FitService
  readonly backtests: BacktestService
  readonly recommendations: RecommendationService
  readonly predictions: PredictionService
  readonly exports: ExportService
  readonly jobs: JobService
  readonly corpora: CorpusService
  readonly searches: SearchService
  readonly trials: TrialService
  readonly suggestions: SuggestionService
  readonly externalTrials: ExternalTrialService
  readonly events: EventService
  readonly keys: KeyService
  /** Requests that may be sent twice, for ways in that know what a request is. */
  readonly idempotency: IdempotencyRepository
  readonly methods: MethodService
  readonly health: HealthService
}

export interface ServiceDependencies {
  store: Store
  compute: Compute
  doorbell: Doorbell
  /** Where uploads, ingested corpora and checkpoints are kept. */
  dataFolder: DataFolder
  /** Absolute folders that sources of corpora may be read from by their path. Default: none. */
  allowedFolders?: readonly string[]
  /** Trials in training at the same time, in all processes. Default 1. */
  trainingThreads?: number
  limits?: Partial<Limits>
  /** Further readiness checks by name; each rejects when what it looks at does not answer. */
  checks?: Record<string, () => Promise<void>>
}

export function createServices(dependencies: ServiceDependencies): Services {
  const { store, compute, doorbell, dataFolder, checks = {} } = dependencies
  const { allowedFolders = [], trainingThreads = 1 } = dependencies
  const limits = { ...DEFAULT_LIMITS, ...dependencies.limits }
  const events = createEventService(store)
  const facts = createStudyFactsCache(store)
  const recommendations = createRecommendationService(store, compute, limits)
  const searches = createSearchService({
    store,
    compute,
    doorbell,
    events,
    dataFolder,
    trainingThreads,
    limits,
  })
  return {
    studies: createStudyService(store, searches, facts),
    imports: createImportService(store, compute, limits, dataFolder),
    fits: createFitService(store, doorbell),
    backtests: createBacktestService({ store, compute, doorbell, limits }),
    recommendations,
    exports: createExportService(store, recommendations),
    predictions: createPredictionService(store, compute, limits),
    jobs: createJobService(store, searches, events),
    corpora: createCorpusService({ store, doorbell, dataFolder, allowedFolders }),
    searches,
    trials: createTrialService(store, facts, dataFolder),
    suggestions: createSuggestionService({ store, compute, limits, facts }),
    externalTrials: createExternalTrialService({ store, facts }),
    events,
    idempotency: store.idempotency,
    keys: createKeyService(store),
    methods: createMethodService(),
    health: createHealthService(store, checks),
  }
}

export { ERRORS, type ErrorCode, MixwrightError, problemDocument } from '../errors.js'
export { DEFAULT_LIMITS, type Limits } from './limits.js'
export type { Compute, Doorbell } from './ports.js'
export { checkProblem, completeProblem, hashProblem } from './problem.js'
