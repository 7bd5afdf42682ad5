export type {
  Corpus,
  CorpusDetail,
  Directive,
  Import,
  ImportPreview,
  Ingestion,
  Job,
  Key,
  KeyRotation,
  MadeKey,
  NewKey,
  Search,
  Source,
  Study,
  SuggestedTrial,
  Suggestions,
  Trial,
  TrialCompletion,
  TrialLease,
  TrialMeasurement,
} from './answers.js'
export { ApiClient, failureOf } from './api-client.js'
export { type ServiceOptions, serviceUrl, withServiceUrl } from './service-url.js'
export type { FormFile } from './upload.js'
export { isUnderWay, watchSearch } from './watch-search.js'
