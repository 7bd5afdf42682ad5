export { type IngestOptions, ingestCorpus } from './ingest-corpus.js'
