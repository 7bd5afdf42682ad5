import type { ColumnType, Generated, Insertable, Selectable } from 'kysely'
import type { CompleteProblem } from '../optimizers/problem.js'
import type { BacktestRecord } from './backtest-contract.js'
import type { ApiKeyRecord } from './key-contract.js'
import type {
  AttemptRecord,
  CorpusRecord,
  FitRecord,
  ImportRecord,
  IngestionRecord,
  JobRecord,
  RunRole,
  SearchRecord,
  SourceRecord,
  StudyRecord,
  TrialRecord,
} from './records.js'

/**
 * The tables of schema `mixwright` as queries see them: columns in camel case (the database has them in snake case).
 * JSON columns are written as text and read parsed; `json` rather than `jsonb` keeps keys in the order given.
 */
export interface Tables {
  studies: StudiesTable
  imports: ImportsTable
  trials: TrialsTable
  measurements: MeasurementsTable
  jobs: JobsTable
  fits: FitsTable
  fitModels: FitModelsTable
  corpora: CorporaTable
  corpusSources: CorpusSourcesTable
  ingestions: IngestionsTable
  searches: SearchesTable
  attempts: AttemptsTable
  leases: LeasesTable
  studyEvents: StudyEventsTable
  apiKeys: ApiKeysTable
  idempotencyKeys: IdempotencyKeysTable
  backtests: BacktestsTable
  backtestRuns: BacktestRunsTable
}

/** Name of the schema that every statement names. */
export const SCHEMA = 'mixwright'

type Json<T> = ColumnType<T, string, string>
type NullableJson<T> = ColumnType<T, string | null, string | null>
type Timestamp = ColumnType<Date, Date | undefined, Date>

interface StudiesTable {
  id: string
  owner: string | null
  name: string
  labels: Json<Record<string, string>>
  problem: Json<CompleteProblem>
  problemHash: string
  domainSetVersion: Generated<number>
  method: string
  params: Json<Record<string, unknown>>
  seed: number
  corpusId: string | null
  ingestionId: string | null
  trialPolicy: Json<StudyRecord['trialPolicy']>
  externalTrials: Generated<number>
  triedVersion: Generated<number>
  version: Generated<number>
  createdAt: Timestamp
  updatedAt: Timestamp
}

interface ImportsTable {
  id: string
  studyId: string
  state: Generated<ImportRecord['state']>
  role: RunRole
  holdout: string
  fidelity: string
  format: string
  rowCount: Generated<number>
  warnings: Json<unknown[]>
  evaluations: NullableJson<ImportRecord['evaluations']>
  contentHash: string
  createdAt: Timestamp
  completedAt: Date | null
}

/** Imported runs have an `importId`, trials of proxies a `searchId` and a `jobId`; `uid` is the id that the outside knows. */
interface TrialsTable {
  id: Generated<number>
  uid: Generated<string>
  studyId: string
  importId: string | null
  searchId: string | null
  position: number | null
  role: RunRole
  holdout: string
  fidelity: string
  runId: string
  label: Generated<string>
  reason: Generated<string>
  weights: number[]
  seed: number | null
  evaluator: Generated<TrialRecord['evaluator'] | 'table'>
  replicateOf: string | null
  state: Generated<TrialRecord['state']>
  jobId: string | null
  attempts: Generated<number>
  problem: NullableJson<TrialRecord['problem']>
  stopRequestedAt: Date | null
  endReason: string | null
  createdAt: Timestamp
  finishedAt: Date | null
}

interface AttemptsTable {
  id: string
  trialId: number
  number: number
  state: Generated<AttemptRecord['state']>
  problem: NullableJson<AttemptRecord['problem']>
  replicateId: string | null
  startedAt: Timestamp
  finishedAt: Date | null
}

interface LeasesTable {
  id: string
  attemptId: string
  holder: string
  expiresAt: Date
  releasedAt: Date | null
  /** Held by a client: it expires by the clock. */
  external: Generated<boolean>
}

/** Those of imported runs have no attempt, standard errors, details and objective. */
interface MeasurementsTable {
  id: Generated<number>
  trialId: number
  attemptId: string | null
  tokens: number | null
  values: Json<Record<string, number>>
  standardErrors: NullableJson<Record<string, number> | null>
  details: NullableJson<Record<string, unknown> | null>
  /** Of trials that others run, where the metrics have one. */
  objective: number | null
  createdAt: Timestamp
}

interface JobsTable {
  id: string
  kind: JobRecord['kind']
  studyId: string | null
  subjectId: string
  state: Generated<JobRecord['state']>
  progress: NullableJson<JobRecord['progress']>
  problem: NullableJson<JobRecord['problem']>
  attempts: Generated<number>
  worker: string | null
  heartbeatAt: Date | null
  cancelRequestedAt: Date | null
  version: Generated<number>
  createdAt: Timestamp
  startedAt: Date | null
  finishedAt: Date | null
}

interface FitsTable {
  id: string
  studyId: string
  jobId: string
  method: string
  surrogate: string
  params: Json<Record<string, unknown>>
  seed: number
  fidelity: string
  importIds: string[]
  trialIds: string[]
  dataHash: string
  recommendation: NullableJson<FitRecord['recommendation']>
  createdAt: Timestamp
  finishedAt: Date | null
}

interface FitModelsTable {
  fitId: string
  position: number
  metric: string
  surrogate: string
  model: string
}

interface CorporaTable {
  id: string
  owner: string | null
  name: string
  labels: Json<Record<string, string>>
  settings: Json<CorpusRecord['settings']>
  domains: Json<CorpusRecord['domains']>
  retentionDays: number | null
  version: Generated<number>
  createdAt: Timestamp
  updatedAt: Timestamp
}

interface CorpusSourcesTable {
  id: string
  corpusId: string
  domain: string
  kind: SourceRecord['kind']
  path: string
  name: string
  format: SourceRecord['format']
  textField: string
  bytes: number | null
  contentHash: string | null
  createdAt: Timestamp
}

interface IngestionsTable {
  id: string
  corpusId: string
  jobId: string
  settings: Json<IngestionRecord['settings']>
  sourceIds: string[]
  manifest: NullableJson<IngestionRecord['manifest']>
  createdAt: Timestamp
  finishedAt: Date | null
}

interface SearchesTable {
  id: string
  studyId: string
  purpose: SearchRecord['purpose']
  fidelity: string
  fidelities: string[] | null
  trials: number
  budget: number | null
  parallel: number | null
  seed: number
  state: Generated<SearchRecord['state']>
  fitId: string | null
  problem: NullableJson<SearchRecord['problem']>
  version: Generated<number>
  createdAt: Timestamp
  finishedAt: Date | null
}

interface StudyEventsTable {
  id: Generated<number>
  studyId: string
  type: string
  data: Json<Record<string, unknown>>
  createdAt: Timestamp
}

interface ApiKeysTable {
  id: string
  name: string
  prefix: string
  hash: string
  scopes: ApiKeyRecord['scopes']
  createdBy: string | null
  rotatedFrom: string | null
  createdAt: Timestamp
  expiresAt: Date | null
  revokedAt: Date | null
  lastUsedAt: Date | null
}

interface IdempotencyKeysTable {
  scope: string
  key: string
  fingerprint: string
  resourceId: string
  state: Generated<'running' | 'answered'>
  lockedAt: Timestamp
  status: number | null
  headers: NullableJson<Record<string, string> | null>
  body: string | null
  createdAt: Timestamp
}

interface BacktestsTable {
  id: string
  studyId: string | null
  jobId: string
  problem: Json<CompleteProblem>
  settings: Json<BacktestRecord['settings']>
  importIds: string[]
  trialIds: string[]
  dataHash: string
  report: NullableJson<BacktestRecord['report']>
  createdAt: Timestamp
  finishedAt: Date | null
}

/** Of backtests that brought their own runs: a page of them each. */
interface BacktestRunsTable {
  backtestId: string
  position: number
  fidelity: string
  rows: Json<unknown[]>
}

export type JobRow = Selectable<JobsTable>
export type NewJob = Insertable<JobsTable>
