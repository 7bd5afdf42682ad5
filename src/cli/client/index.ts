export type {
  Corpus,
  CorpusDetail,
  Ingestion,
  Job,
  Search,
  Source,
  Study,
  Trial,
} from './answers.js'
export { ApiClient, failureOf } from './api-client.js'
export { type ServiceOptions, serviceUrl, withServiceUrl } from './service-url.js'
export { isUnderWay, watchSearch } from './watch-search.js'
