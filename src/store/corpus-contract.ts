import type { CorpusManifest } from '../corpora/types.js'
import type { CorpusRecord, IngestionRecord, JobRecord, SourceRecord } from './records.js'
import type { Page } from './store.js'

/** Corpora with their sources and ingestions. Files are not its business. */
export interface CorpusRepository {
  insert(
    corpus: Omit<CorpusRecord, 'ingestionId' | 'version' | 'createdAt' | 'updatedAt'>,
  ): Promise<CorpusRecord>
  get(id: string): Promise<CorpusRecord | undefined>
  list(page: Page): Promise<CorpusRecord[]>
  /** Names of up to 20 studies that use the corpus. */
  studiesOf(id: string): Promise<{ id: string; name: string }[]>
  /**
   * Removes the corpus with its sources, ingestions and their jobs. False when there is none, when a study uses it or
   * when an ingestion of it is queued or running.
   */
  delete(id: string): Promise<boolean>
  /** False when the corpus is gone. */
  addSource(source: Omit<SourceRecord, 'createdAt'>): Promise<SourceRecord | undefined>
  /** In the order they were added. */
  sources(corpusId: string): Promise<SourceRecord[]>
  /** Removes a source, unless a queued or running ingestion reads it. False when nothing was removed. */
  removeSource(corpusId: string, sourceId: string): Promise<boolean>
  /**
   * Writes the ingestion and its queued job (kind `ingest`) in one transaction. Undefined when another ingestion of the
   * corpus is queued or running.
   */
  requestIngestion(
    ingestion: Omit<IngestionRecord, 'manifest' | 'createdAt' | 'finishedAt'>,
  ): Promise<{ ingestion: IngestionRecord; job: JobRecord } | undefined>
  ingestion(id: string): Promise<IngestionRecord | undefined>
  /** Newest first. */
  ingestions(corpusId: string): Promise<IngestionRecord[]>
  /**
   * Writes the manifest, makes the ingestion the corpus's newest, and ends the job, in one transaction. False (and nothing
   * written) when the job is no longer running under this worker.
   */
  finishIngestion(id: string, worker: string, manifest: CorpusManifest): Promise<boolean>
  /** Ids of ingestions whose folder nothing needs: neither the corpus's newest, nor used by a study, nor at work. */
  supersededIngestions(): Promise<{ id: string; corpusId: string }[]>
  /** Removes an ingestion that `supersededIngestions` named. */
  deleteIngestion(id: string): Promise<boolean>
  /** Corpora past their retention: no study uses them, and neither they nor an ingestion changed for that long. */
  expired(now: Date): Promise<CorpusRecord[]>
}
