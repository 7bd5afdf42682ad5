import { examplePage } from './page.js'

/** One corpus of two domains, from its creation to its ingestion. */

export const CORPUS_ID = '0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60'
const INGESTION_ID = '0193f0a1-6f02-7d11-8e3c-40b7a95d1c28'
const CORPUS_HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'
const SOURCE_ID = '0193f0a1-3a77-7e90-a4d5-18c3b6f0e271'
const JOB_ID = '0193f0a1-6f01-7c44-b2a9-93e60d4f7b15'

export const newCorpusExample = {
  name: 'encyclopedia and code',
  labels: { team: 'data' },
  domains: [
    { name: 'wiki', licence: 'CC-BY-SA-4.0', source: 'https://dumps.wikimedia.org' },
    { name: 'code', licence: 'permissive licences only', source: null },
  ],
  settings: { tokenizer: { kind: 'bpe' as const, vocabularySize: 2048 } },
}

const settings = {
  tokenizer: { kind: 'bpe' as const, vocabularySize: 2048 },
  validationFraction: 0.05,
  maxDocumentBytes: 10 * 2 ** 20,
  tokenizerSampleBytes: 16 * 2 ** 20,
  invalidDocuments: 'refuse' as const,
}

export const corpusExample = {
  id: CORPUS_ID,
  ...newCorpusExample,
  settings,
  ingestionId: INGESTION_ID,
  retentionDays: null,
  owner: null,
  version: 2,
  createdAt: '2026-11-02T09:10:00.000Z',
  updatedAt: '2026-11-02T09:13:11.207Z',
}

export const corpusPageExample = examplePage(corpusExample)

export const newPathSourceExample = {
  domain: 'code',
  path: '/srv/text/code/**/*.jsonl.zst',
  textField: 'content',
}

const sourceExample = {
  id: SOURCE_ID,
  corpusId: CORPUS_ID,
  domain: 'wiki',
  kind: 'upload' as const,
  name: 'wiki.jsonl.gz',
  format: 'auto' as const,
  textField: 'text',
  bytes: 48_211_904,
  contentHash: CORPUS_HASH,
  createdAt: '2026-11-02T09:11:02.330Z',
}

export const sourceListExample = { items: [sourceExample] }

const counts = (documents: number, bytes: number, tokens: number) => ({ documents, bytes, tokens })

export const ingestionExample = {
  id: INGESTION_ID,
  corpusId: CORPUS_ID,
  jobId: JOB_ID,
  settings,
  sourceIds: [SOURCE_ID],
  manifest: {
    format: 1 as const,
    tokenizer: { kind: 'bpe' as const, vocabularySize: 2048, hash: CORPUS_HASH },
    tokenBytes: 2 as const,
    domains: [
      {
        name: 'wiki',
        train: counts(40_812, 140_208_112, 41_960_201),
        validation: counts(2_154, 7_391_204, 2_210_448),
        duplicates: 118,
        skipped: 0,
        empty: 3,
        hash: CORPUS_HASH,
      },
    ],
    bytes: 88_391_298,
    hash: CORPUS_HASH,
  },
  createdAt: '2026-11-02T09:12:20.010Z',
  finishedAt: '2026-11-02T09:13:11.207Z',
}

export const corpusDetailExample = {
  ...corpusExample,
  sources: [sourceExample],
  ingestion: ingestionExample,
  job: null,
}

export const ingestJobExample = {
  id: JOB_ID,
  kind: 'ingest' as const,
  studyId: null,
  subjectId: INGESTION_ID,
  state: 'queued' as const,
  progress: null,
  problem: null,
  attempts: 0,
  result: null,
  cancelRequestedAt: null,
  createdAt: '2026-11-02T09:12:20.010Z',
  startedAt: null,
  finishedAt: null,
}
