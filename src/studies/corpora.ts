import type { Readable } from 'node:stream'
import type { CorpusSettings, SourceFormat } from '../corpora/types.js'
import type { CorpusRecord, IngestionRecord, JobRecord, SourceRecord } from '../store/records.js'
import type { Listing } from './studies.js'

export interface NewCorpus {
  name: string
  labels?: Record<string, string>
  domains: { name: string; licence?: string | null; source?: string | null }[]
  /** What is left out has the default of `DEFAULT_CORPUS_SETTINGS`. */
  settings?: Partial<CorpusSettings>
  /** Default: never removed by itself. */
  retentionDays?: number | null
  owner?: string | null
}

export interface NewSource {
  domain: string
  /** Default `auto`: by the file's name. */
  format?: 'auto' | SourceFormat
  /** Default `text`. */
  textField?: string
}

/** A corpus with what belongs to it. */
export interface CorpusView {
  corpus: CorpusRecord
  sources: SourceRecord[]
  /** The newest that succeeded, with its counts. */
  ingestion: IngestionRecord | undefined
  /** One that is queued or running. */
  job: JobRecord | undefined
}

export interface CorpusService {
  /** @throws MixwrightError `validation-failed` */
  create(input: NewCorpus): Promise<CorpusView>
  /** @throws MixwrightError `corpus-not-found` */
  get(id: string): Promise<CorpusView>
  list(query: { limit: number; after?: string }): Promise<Listing<CorpusRecord>>
  /**
   * Removes the corpus with its sources, ingestions and files.
   * @throws MixwrightError `corpus-not-found`, `corpus-in-use`, `corpus-busy`
   */
  delete(id: string): Promise<void>
  /**
   * Adds files of the machine the service runs on, in folders that the operator has allowed. They are read when the corpus is
   * ingested.
   * @throws MixwrightError `corpus-not-found`, `validation-failed`, `source-forbidden`
   */
  addPath(corpusId: string, source: NewSource & { path: string }): Promise<SourceRecord>
  /**
   * Stores an uploaded file as it comes, without holding it in memory.
   * @throws MixwrightError `corpus-not-found`, `validation-failed`, `body-too-large`, `quota-exceeded`, `disk-full`
   */
  addUpload(
    corpusId: string,
    source: NewSource & { name: string },
    content: Readable,
  ): Promise<SourceRecord>
  /** @throws MixwrightError `corpus-not-found`, `source-not-found`, `corpus-busy` */
  removeSource(corpusId: string, sourceId: string): Promise<void>
  /**
   * Queues the ingestion of all sources.
   * @throws MixwrightError `corpus-not-found`, `corpus-empty`, `corpus-busy`, `source-forbidden`
   */
  ingest(corpusId: string): Promise<{ ingestion: IngestionRecord; job: JobRecord }>
  /** @throws MixwrightError `corpus-not-found`, `ingestion-not-found` */
  ingestion(corpusId: string, ingestionId: string): Promise<IngestionRecord>
}
