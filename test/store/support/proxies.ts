import type { CorpusManifest } from '../../../src/corpora/types.js'
import type {
  AttemptRecord,
  CorpusRecord,
  IngestionRecord,
  MeasurementRecord,
  NewTrial,
  OpenStore,
  SearchRecord,
  SourceRecord,
  StudyRecord,
} from '../../../src/store/index.js'
import { hashOf, newId, newStudy } from './records.js'

/** What the store keeps of corpora, searches and trials, made up for tests. */

type NewCorpus = Parameters<OpenStore['corpora']['insert']>[0]

export const newCorpus = (change: Partial<NewCorpus> = {}): NewCorpus => ({
  id: newId(),
  owner: null,
  name: 'a corpus',
  labels: { z: '1', a: '"' },
  settings: {
    validationFraction: 0.1,
    tokenizer: { kind: 'bpe', vocabularySize: 512 },
    maxDocumentBytes: 1e6,
    tokenizerSampleBytes: 1e6,
    invalidDocuments: 'skip',
  },
  domains: [
    { name: 'web', licence: null, source: 'somewhere' },
    { name: 'code', licence: 'MIT', source: null },
  ],
  retentionDays: null,
  ...change,
})

type NewSource = Parameters<OpenStore['corpora']['addSource']>[0]

export const newSource = (
  corpus: { id: string },
  change: Partial<SourceRecord> = {},
): NewSource => ({
  id: newId(),
  corpusId: corpus.id,
  domain: 'web',
  kind: 'upload',
  path: '/data/file',
  name: 'file.jsonl',
  format: 'auto',
  textField: 'text',
  bytes: 12,
  contentHash: hashOf('a file'),
  ...change,
})

export const manifest: CorpusManifest = {
  format: 1,
  tokenizer: { kind: 'bpe', vocabularySize: 512, hash: hashOf('tokenizer') },
  tokenBytes: 2,
  domains: ['web', 'code'].map((name) => ({
    name,
    train: { documents: 9, bytes: 900, tokens: 300 },
    validation: { documents: 1, bytes: 100, tokens: 30 },
    duplicates: 1,
    skipped: 0,
    empty: 0,
    hash: hashOf(name),
  })),
  bytes: 1320,
  hash: hashOf('manifest'),
}

export const newIngestion = (corpus: CorpusRecord, sources: readonly { id: string }[] = []) => ({
  id: newId(),
  corpusId: corpus.id,
  jobId: newId(),
  settings: corpus.settings,
  sourceIds: sources.map(({ id }) => id),
})

/** An ingestion requested and finished. */
export async function ingest(store: OpenStore, corpus: CorpusRecord): Promise<IngestionRecord> {
  const requested = await store.corpora.requestIngestion(newIngestion(corpus))
  const { ingestion, job } = requested!
  await store.jobs.claim(job.id, 'ingester', new Date(0))
  await store.corpora.finishIngestion(ingestion.id, 'ingester', manifest)
  return (await store.corpora.ingestion(ingestion.id))!
}

/** A study on a corpus of its own. */
export async function corpusStudy(
  store: OpenStore,
): Promise<{ corpus: CorpusRecord; ingestion: IngestionRecord; study: StudyRecord }> {
  const corpus = await store.corpora.insert(newCorpus())
  const ingestion = await ingest(store, corpus)
  const ids = { corpusId: corpus.id, ingestionId: ingestion.id }
  return { corpus, ingestion, study: await store.studies.insert(newStudy(ids)) }
}

type NewSearch = Parameters<OpenStore['searches']['insert']>[0]

export const newSearch = (
  study: { id: string },
  change: Partial<SearchRecord> = {},
): NewSearch => ({
  id: newId(),
  studyId: study.id,
  purpose: 'search',
  fidelity: 'proxy',
  fidelities: null,
  trials: 3,
  budget: null,
  parallel: null,
  seed: 7,
  ...change,
})

export function newTrial(
  search: { id: string; studyId: string; fidelity: string },
  position: number,
  change: Partial<NewTrial> = {},
): NewTrial {
  const web = ((position * 37) % 101) / 101
  return {
    id: newId(),
    studyId: search.studyId,
    searchId: search.id,
    position,
    fidelity: search.fidelity,
    label: ['uniform', 'natural'][position] ?? '',
    reason: 'a "mixture"\nto try',
    weights: [web, 1 - web],
    seed: 1000 + position,
    jobId: newId(),
    ...change,
  }
}

/** A running search with so many waiting trials. */
export async function startSearch(
  store: OpenStore,
  study: { id: string },
  count = 3,
  change: Partial<SearchRecord> = {},
): Promise<{ search: SearchRecord; trials: NewTrial[] }> {
  const given = newSearch(study, { trials: count, ...change })
  const trials = Array.from({ length: count }, (_, position) => newTrial(given, position))
  return { search: (await store.searches.insert(given, trials))!, trials }
}

export const IN_A_MINUTE = () => new Date(Date.now() + 60_000)

/** The trial's job claimed, and an attempt begun. */
export async function beginTrial(
  store: Pick<OpenStore, 'jobs' | 'trials'>,
  trial: { id: string; jobId: string },
  worker = 'a trainer',
): Promise<AttemptRecord> {
  await store.jobs.claim(trial.jobId, worker, new Date(0))
  return (await store.trials.beginAttempt(trial.id, worker, IN_A_MINUTE()))!
}

type Measured = Pick<MeasurementRecord, 'tokens' | 'values' | 'standardErrors' | 'details'>

export const measured = (tokens: number, loss = 3 + 1 / (tokens + 1)): Measured => ({
  tokens,
  values: { 'loss/web': loss, 'loss/code': loss / 3 },
  standardErrors: { 'loss/web': 0.01, 'loss/code': 0.02 },
  details: { step: tokens / 10, bitsPerByte: { web: 1.5 } },
})

/** The trial taken through to its end, with one measurement on the way. */
export async function completeTrial(
  store: Pick<OpenStore, 'jobs' | 'trials'>,
  trial: { id: string; jobId: string },
  worker = 'a trainer',
): Promise<AttemptRecord> {
  const attempt = await beginTrial(store, trial, worker)
  const ids = { trialId: trial.id, attemptId: attempt.id }
  await store.trials.measure({ ...ids, ...measured(500) })
  await store.trials.complete(attempt.id, worker, measured(1000))
  return attempt
}
