import type { ColumnType, Generated, Insertable, Selectable } from 'kysely'
import type { CompleteProblem } from '../optimizers/problem.js'
import type { FitRecord, ImportRecord, JobRecord, RunRole } from './records.js'

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
}

/** Name of the schema that every statement names. */
export const SCHEMA = 'mixwright'

type Json<T> = ColumnType<T, string, string>
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
  contentHash: string
  createdAt: Timestamp
  completedAt: Date | null
}

interface TrialsTable {
  id: Generated<number>
  studyId: string
  importId: string | null
  role: RunRole
  holdout: string
  fidelity: string
  runId: string
  weights: number[]
  createdAt: Timestamp
}

interface MeasurementsTable {
  id: Generated<number>
  trialId: number
  tokens: number | null
  values: Json<Record<string, number>>
  createdAt: Timestamp
}

interface JobsTable {
  id: string
  kind: JobRecord['kind']
  studyId: string | null
  subjectId: string
  state: Generated<JobRecord['state']>
  progress: ColumnType<JobRecord['progress'], string | null, string | null>
  problem: ColumnType<JobRecord['problem'], string | null, string | null>
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
  dataHash: string
  recommendation: ColumnType<FitRecord['recommendation'], string | null, string | null>
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

export type JobRow = Selectable<JobsTable>
export type NewJob = Insertable<JobsTable>
