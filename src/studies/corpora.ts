import type { Readable } from 'node:stream'
import { v7 as uuid } from 'uuid'
import { resolveSource } from '../corpora/index.js'
import type { CorpusSettings, SourceFormat } from '../corpora/types.js'
import { type FieldError, MixwrightError } from '../errors.js'
import { duplicateNameIssues } from '../optimizers/issue.js'
import type { DataFolder } from '../store/data-folder.js'
import type { CorpusRecord, IngestionRecord, JobRecord, SourceRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import { completeSettings } from './corpus-settings.js'
import type { Doorbell } from './ports.js'
import { type Listing, listing } from './studies.js'

export interface NewCorpus {
  /** A corpus that has the id already was made by an earlier try: it is the one that is wanted. Default: a new id. */
  id?: string
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
  /** A source that has the id already was made by an earlier try: it is the one that is wanted. Default: a new id. */
  id?: string
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
   * @param id an ingestion that has it already was made by an earlier try, and is the one that is wanted. Default: a new id
   * @throws MixwrightError `corpus-not-found`, `corpus-empty`, `corpus-busy`, `source-forbidden`
   */
  ingest(corpusId: string, id?: string): Promise<{ ingestion: IngestionRecord; job: JobRecord }>
  /** @throws MixwrightError `corpus-not-found`, `ingestion-not-found` */
  ingestion(corpusId: string, ingestionId: string): Promise<IngestionRecord>
  /** Id of the corpus that the ingestion belongs to: a job of the kind `ingest` names only the ingestion. */
  corpusOf(ingestionId: string): Promise<string | undefined>
}

export interface CorpusServiceOptions {
  store: Store
  doorbell: Doorbell
  dataFolder: DataFolder
  /** Absolute folders that sources may be read from by their path. */
  allowedFolders: readonly string[]
}

export function createCorpusService(options: CorpusServiceOptions): CorpusService {
  const { store, doorbell, dataFolder, allowedFolders } = options
  const { corpora } = store
  return {
    async create(input) {
      if (input.id !== undefined && (await corpora.get(input.id))) return viewOf(store, input.id)
      refuseDomains(input.domains)
      const settings = await completeSettings(input.settings ?? {})
      const corpus = await corpora.insert({
        id: input.id ?? uuid(),
        owner: input.owner ?? null,
        name: input.name,
        labels: input.labels ?? {},
        settings,
        domains: input.domains.map(({ name, licence = null, source = null }) => ({
          name,
          licence,
          source,
        })),
        retentionDays: input.retentionDays ?? null,
      })
      return { corpus, sources: [], ingestion: undefined, job: undefined }
    },

    get: (id) => viewOf(store, id),

    async list({ limit, after }) {
      return listing(await corpora.list({ limit: limit + 1, after }), limit)
    },

    async delete(id) {
      await requireCorpus(store, id)
      if (!(await corpora.delete(id))) throw await deletionRefusal(store, id)
      await dataFolder.removeCorpus(id)
    },

    async addPath(corpusId, { path, ...about }) {
      const made = await sourceOf(store, corpusId, about.id)
      if (made) return made
      const source = newSource(await requireCorpus(store, corpusId), about)
      const record = { ...source, kind: 'path', path, name: path } as const
      await resolveSource(record, allowedFolders)
      return addSource(store, { ...record, bytes: null, contentHash: null })
    },

    async addUpload(corpusId, { name, ...about }, content) {
      const made = await sourceOf(store, corpusId, about.id)
      if (made) {
        content.resume()
        return made
      }
      const source = newSource(await requireCorpus(store, corpusId), about)
      try {
        const written = await dataFolder.writeUpload(corpusId, source.id, content)
        const { file: path, bytes, contentHash } = written
        const record = { ...source, kind: 'upload', path, name, bytes, contentHash } as const
        return await addSource(store, record)
      } catch (error) {
        await dataFolder.removeUpload(corpusId, source.id)
        // With the folder of a corpus goes what is being written in it.
        await requireCorpus(store, corpusId)
        throw error
      }
    },

    async removeSource(corpusId, sourceId) {
      await requireCorpus(store, corpusId)
      const source = (await corpora.sources(corpusId)).find(({ id }) => id === sourceId)
      if (!source) {
        const detail = `There is no source with the id ${sourceId} in the corpus ${corpusId}.`
        throw new MixwrightError('source-not-found', detail)
      }
      if (!(await corpora.removeSource(corpusId, sourceId))) throw busy(corpusId)
      if (source.kind === 'upload') await dataFolder.removeUpload(corpusId, sourceId)
    },

    async ingest(corpusId, id = uuid()) {
      const corpus = await requireCorpus(store, corpusId)
      const made = await ingestionWithJob(store, id)
      if (made) {
        await doorbell.ring('ingest', made.job.id)
        return made
      }
      const sources = await corpora.sources(corpusId)
      refuseEmptyDomains(corpus, sources)
      for (const source of sources) {
        if (source.kind === 'path') await resolveSource(source, allowedFolders)
      }
      await dataFolder.requireRoom(1)
      const requested = await corpora.requestIngestion({
        id,
        corpusId,
        jobId: uuid(),
        settings: corpus.settings,
        sourceIds: sources.map(({ id }) => id),
      })
      if (!requested) {
        await requireCorpus(store, corpusId)
        throw busy(corpusId)
      }
      await doorbell.ring('ingest', requested.job.id)
      return requested
    },

    async ingestion(corpusId, ingestionId) {
      await requireCorpus(store, corpusId)
      const ingestion = await corpora.ingestion(ingestionId)
      if (ingestion?.corpusId === corpusId) return ingestion
      throw new MixwrightError(
        'ingestion-not-found',
        `There is no ingestion with the id ${ingestionId} of the corpus ${corpusId}.`,
      )
    },

    async corpusOf(ingestionId) {
      return (await corpora.ingestion(ingestionId))?.corpusId
    },
  }
}

async function viewOf(store: Store, id: string): Promise<CorpusView> {
  const { corpora } = store
  const corpus = await requireCorpus(store, id)
  const [newest] = await corpora.ingestions(id)
  const job = newest && (await store.jobs.get(newest.jobId))
  const isAtWork = job?.state === 'queued' || job?.state === 'running'
  return {
    corpus,
    sources: await corpora.sources(id),
    ingestion: corpus.ingestionId ? await corpora.ingestion(corpus.ingestionId) : undefined,
    job: isAtWork ? job : undefined,
  }
}

async function sourceOf(
  store: Store,
  corpusId: string,
  id: string | undefined,
): Promise<SourceRecord | undefined> {
  if (id === undefined) return undefined
  return (await store.corpora.sources(corpusId)).find((source) => source.id === id)
}

async function ingestionWithJob(store: Store, id: string) {
  const ingestion = await store.corpora.ingestion(id)
  const job = ingestion && (await store.jobs.get(ingestion.jobId))
  return job && { ingestion, job }
}

/** @throws MixwrightError `corpus-not-found` */
export async function requireCorpus(store: Store, id: string): Promise<CorpusRecord> {
  const corpus = await store.corpora.get(id)
  if (!corpus) throw new MixwrightError('corpus-not-found', `There is no corpus with the id ${id}.`)
  return corpus
}

function refuseDomains(domains: NewCorpus['domains']): void {
  const errors: FieldError[] = duplicateNameIssues(domains, '/domains')
  domains.forEach(({ name }, i) => {
    if (name.trim() !== '') return
    errors.push({ pointer: `/domains/${i}/name`, detail: 'It is empty; a domain has a name.' })
  })
  if (domains.length === 0) {
    errors.push({ pointer: '/domains', detail: 'It is empty; a corpus has at least one domain.' })
  }
  if (errors.length === 0) return
  throw new MixwrightError('validation-failed', 'The domains of the corpus are not valid.', errors)
}

function newSource({ id: corpusId, domains }: CorpusRecord, given: NewSource) {
  const { id = uuid(), domain, format = 'auto', textField = 'text' } = given
  const names = domains.map(({ name }) => name)
  if (!names.includes(domain)) {
    throw new MixwrightError('validation-failed', 'The corpus does not have the domain.', [
      { pointer: '/domain', detail: `"${domain}" is not among ${names.join(', ')}.` },
    ])
  }
  return { id, corpusId, domain, format, textField }
}

async function addSource(
  store: Store,
  source: Omit<SourceRecord, 'createdAt'>,
): Promise<SourceRecord> {
  const added = await store.corpora.addSource(source)
  if (added) return added
  throw new MixwrightError(
    'corpus-not-found',
    `The corpus ${source.corpusId} was deleted meanwhile.`,
  )
}

function refuseEmptyDomains({ domains }: CorpusRecord, sources: readonly SourceRecord[]): void {
  const empty = domains.filter(({ name }) => !sources.some(({ domain }) => domain === name))
  if (empty.length === 0) return
  const names = empty.map(({ name }) => `"${name}"`).join(', ')
  throw new MixwrightError('corpus-empty', `These domains have no source: ${names}.`)
}

async function deletionRefusal(store: Store, id: string): Promise<MixwrightError> {
  const studies = await store.corpora.studiesOf(id)
  if (studies.length === 0) return busy(id)
  const names = studies.map(({ id: studyId, name }) => `"${name}" (${studyId})`).join(', ')
  return new MixwrightError('corpus-in-use', `The corpus ${id} is used by the studies ${names}.`)
}

function busy(id: string): MixwrightError {
  return new MixwrightError('corpus-busy', `An ingestion of the corpus ${id} is queued or running.`)
}
