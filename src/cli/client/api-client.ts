import { setTimeout as delay } from 'node:timers/promises'
import { type ErrorCode, MixwrightError } from '../../errors.js'
import type { Recommendation } from '../../optimizers/recommendation.js'
import type { ProgressListener } from '../../optimizers/types.js'
import type { StudyEvent } from '../../studies/events.js'
import type { NewComparison, NewSearch } from '../../studies/searches.js'
import { NoAnswerError } from '../failures.js'
import type {
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
  Page,
  Search,
  Source,
  Study,
  SuggestionRequest,
  Suggestions,
  Trial,
  TrialCompletion,
  TrialDetail,
  TrialFailure,
  TrialLease,
  TrialMeasurement,
} from './answers.js'
import { apiKey } from './api-key.js'
import { type WatchOptions, watchStudy } from './event-stream.js'
import { HttpClient } from './http-client.js'
import { type FormFile, type UploadOptions, uploadFile, uploadForm } from './upload.js'

const POLL_MS = 150
const PAGE_SIZE = 100

/** The API of a running service, call by call. Every call throws what the service refuses. */
export class ApiClient {
  readonly #http: HttpClient

  constructor(url: URL) {
    this.#http = new HttpClient(url, apiKey())
  }

  get url(): URL {
    return this.#http.url
  }

  #get<T>(address: string, signal?: AbortSignal): Promise<T> {
    return this.#http.json<T>({ method: 'GET', address, signal })
  }

  #post<T>(address: string, body?: unknown): Promise<T> {
    return this.#http.json<T>({ method: 'POST', address, body })
  }

  async #delete(address: string): Promise<void> {
    await this.#http.request({ method: 'DELETE', address })
  }

  /** All items of a list, page after page. */
  async *#list<T>(address: string, filters: Record<string, string | undefined> = {}) {
    const given = Object.entries(filters).filter(([, value]) => value !== undefined)
    const query = new URLSearchParams([...(given as [string, string][]), ['limit', `${PAGE_SIZE}`]])
    for (;;) {
      const { items, pagination } = await this.#get<Page<T>>(`${address}?${query}`)
      yield* items
      if (pagination.cursor === null) return
      query.set('cursor', pagination.cursor)
    }
  }

  createCorpus(corpus: object): Promise<CorpusDetail> {
    return this.#post('/v1/corpora', corpus)
  }

  corpora(): AsyncGenerator<Corpus> {
    return this.#list('/v1/corpora')
  }

  corpus(id: string): Promise<CorpusDetail> {
    return this.#get(corpusAddress(id))
  }

  deleteCorpus(id: string): Promise<void> {
    return this.#delete(corpusAddress(id))
  }

  /** Names files that the service can read by itself. */
  async addPath(
    corpus: string,
    source: { domain: string; path: string; format?: string; textField?: string },
  ): Promise<Source> {
    const { items } = await this.#post<{ items: Source[] }>(
      `${corpusAddress(corpus)}/sources`,
      source,
    )
    return items[0]
  }

  /** @param upload its fields: `domain`, `format`, `textField` */
  async addFile(corpus: string, file: string, upload: UploadOptions): Promise<Source> {
    const address = `${corpusAddress(corpus)}/sources`
    const { items } = await uploadFile<{ items: Source[] }>(this.#http, address, file, upload)
    return items[0]
  }

  ingest(corpus: string): Promise<Job> {
    return this.#post(`${corpusAddress(corpus)}/ingestions`)
  }

  ingestion(corpus: string, id: string): Promise<Ingestion> {
    return this.#get(`${corpusAddress(corpus)}/ingestions/${encodeURIComponent(id)}`)
  }

  createStudy(study: unknown): Promise<Study> {
    return this.#post('/v1/studies', study)
  }

  studies(label?: string): AsyncGenerator<Study> {
    return this.#list('/v1/studies', { label })
  }

  study(id: string): Promise<Study> {
    return this.#get(studyAddress(id))
  }

  /** @param version the one that the change is meant for */
  updateStudy(id: string, version: number, change: object): Promise<Study> {
    return this.#http.json<Study>({
      method: 'PATCH',
      address: studyAddress(id),
      body: change,
      headers: { 'if-match': `"${version}"` },
    })
  }

  cancelStudy(id: string): Promise<Study> {
    return this.#post(`${studyAddress(id)}/cancellation`)
  }

  deleteStudy(id: string): Promise<void> {
    return this.#delete(studyAddress(id))
  }

  /** Imports runs as JSON; on a dry run, what an import would do. */
  importRuns(study: string, table: object): Promise<Import | ImportPreview> {
    return this.#post(`${studyAddress(study)}/imports`, table)
  }

  /** Imports files of a format; on a dry run, what an import would do. */
  importFiles(
    study: string,
    files: readonly FormFile[],
    upload: UploadOptions,
  ): Promise<Import | ImportPreview> {
    return uploadForm(this.#http, `${studyAddress(study)}/imports`, files, upload)
  }

  requestFit(study: string, fit: object = {}): Promise<Job> {
    return this.#post(`${studyAddress(study)}/fits`, fit)
  }

  recommendation(study: string): Promise<Recommendation> {
    return this.#get(`${studyAddress(study)}/recommendation`)
  }

  startSearch(study: string, search: NewSearch): Promise<Search> {
    return this.#post(`${studyAddress(study)}/searches`, search)
  }

  compare(study: string, comparison: NewComparison): Promise<Search> {
    return this.#post(`${studyAddress(study)}/comparisons`, comparison)
  }

  searches(study: string): AsyncGenerator<Search> {
    return this.#list(`${studyAddress(study)}/searches`)
  }

  search(study: string, id: string, signal?: AbortSignal): Promise<Search> {
    return this.#get(`${studyAddress(study)}/searches/${encodeURIComponent(id)}`, signal)
  }

  trials(
    study: string,
    filters: { searchId?: string; state?: string } = {},
  ): AsyncGenerator<Trial> {
    return this.#list(`${studyAddress(study)}/trials`, filters)
  }

  trial(study: string, id: string): Promise<TrialDetail> {
    return this.#get(trialAddress(study, id))
  }

  /** Trials to train elsewhere, with leases. */
  ask(study: string, request: SuggestionRequest): Promise<Suggestions> {
    return this.#post(`${studyAddress(study)}/suggestions`, request)
  }

  heartbeat(study: string, trial: string, lease: TrialLease): Promise<Directive> {
    return this.#post(`${trialAddress(study, trial)}/heartbeat`, lease)
  }

  measure(study: string, trial: string, measurement: TrialMeasurement): Promise<Directive> {
    return this.#post(`${trialAddress(study, trial)}/measurements`, measurement)
  }

  /** @returns the trial, or the replicate that holds the result when it had been completed before */
  completeTrial(study: string, trial: string, completion: TrialCompletion): Promise<Trial> {
    return this.#post(`${trialAddress(study, trial)}/completion`, completion)
  }

  failTrial(study: string, trial: string, failure: TrialFailure): Promise<Trial> {
    return this.#post(`${trialAddress(study, trial)}/failure`, failure)
  }

  deleteCheckpoint(study: string, trial: string): Promise<void> {
    return this.#delete(`${trialAddress(study, trial)}/checkpoint`)
  }

  jobs(studyId?: string): AsyncGenerator<Job> {
    return this.#list('/v1/jobs', { studyId })
  }

  job(id: string): Promise<Job> {
    return this.#get(jobAddress(id))
  }

  cancelJob(id: string): Promise<Job> {
    return this.#post(`${jobAddress(id)}/cancellation`)
  }

  deleteJob(id: string): Promise<void> {
    return this.#delete(jobAddress(id))
  }

  createKey(key: NewKey): Promise<MadeKey> {
    return this.#post('/v1/keys', key)
  }

  keys(): AsyncGenerator<Key> {
    return this.#list('/v1/keys')
  }

  key(id: string): Promise<Key> {
    return this.#get(keyAddress(id))
  }

  rotateKey(id: string, rotation: KeyRotation): Promise<MadeKey> {
    return this.#post(`${keyAddress(id)}/rotation`, rotation)
  }

  revokeKey(id: string): Promise<void> {
    return this.#delete(keyAddress(id))
  }

  /** What has happened in the study and what happens, across lost connections, until the signal aborts. */
  watch(study: string, options: WatchOptions): AsyncGenerator<StudyEvent> {
    return watchStudy(this.#http, studyAddress(study), options)
  }

  /**
   * Resolves with the job when it has succeeded.
   * @throws MixwrightError what it failed of
   * @throws NoAnswerError when it was cancelled
   */
  async follow(job: Job, onProgress: ProgressListener): Promise<Job> {
    for (;;) {
      const now = await this.job(job.id)
      if (now.progress) onProgress(now.progress)
      if (now.state === 'succeeded') return now
      if (now.state === 'failed') throw failureOf(now.problem)
      if (now.state === 'cancelled') {
        throw new NoAnswerError('the job was cancelled', 'Start it again, if it is still wanted.')
      }
      await delay(POLL_MS)
    }
  }
}

const corpusAddress = (id: string) => `/v1/corpora/${encodeURIComponent(id)}`
const studyAddress = (id: string) => `/v1/studies/${encodeURIComponent(id)}`
const trialAddress = (study: string, id: string) =>
  `${studyAddress(study)}/trials/${encodeURIComponent(id)}`
const keyAddress = (id: string) => `/v1/keys/${encodeURIComponent(id)}`
const jobAddress = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`

/** The error that ended work behind the scenes. */
export function failureOf(problem: { code: ErrorCode; detail: string } | null): MixwrightError {
  return new MixwrightError(problem?.code ?? 'internal', problem?.detail ?? 'No reason was given.')
}
