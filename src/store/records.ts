import type { CompleteProblem } from '../optimizers/problem.js'

/** What the repositories take and give: plain objects, dates as Date, one type a table. */

export interface StudyRecord {
  id: string
  owner: string | null
  name: string
  labels: Record<string, string>
  problem: CompleteProblem
  /** SHA-256 (hex) of the problem in canonical JSON. */
  problemHash: string
  /** Version of the domain set; the weights of a trial are in the domain order of its version. */
  domainSetVersion: number
  method: string
  params: Record<string, unknown>
  seed: number
  /** Raised by every change; compare-and-set on it. */
  version: number
  createdAt: Date
  updatedAt: Date
}

export type RunRole = 'train' | 'holdout'

export interface ImportRecord {
  id: string
  studyId: string
  /** `staging`: rows are being written and are invisible. `complete`: acknowledged. */
  state: 'staging' | 'complete'
  role: RunRole
  /** Name of the hold-out set; '' for training runs. */
  holdout: string
  fidelity: string
  format: string
  rowCount: number
  warnings: unknown[]
  /** SHA-256 (hex) of the uploaded bytes. */
  contentHash: string
  createdAt: Date
  completedAt: Date | null
}

/** One imported run: a trial that came with its measurement. Weights are raw, in the study's domain order. */
export interface RunRow {
  runId: string
  weights: number[]
  values: Record<string, number>
  tokens?: number | null
}

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
export type JobKind = 'fit'

export interface JobRecord {
  id: string
  kind: JobKind
  studyId: string | null
  /** What the job is about: for `fit`, the id of the fit. */
  subjectId: string
  state: JobState
  progress: { done: number; total: number; message: string } | null
  /** A problem document (RFC 9457) once the job has failed. */
  problem: Record<string, unknown> | null
  attempts: number
  /** Names the worker that holds the job while it runs. */
  worker: string | null
  heartbeatAt: Date | null
  cancelRequestedAt: Date | null
  version: number
  createdAt: Date
  startedAt: Date | null
  finishedAt: Date | null
}

export interface FitRecord {
  id: string
  studyId: string
  jobId: string
  method: string
  surrogate: string
  params: Record<string, unknown>
  seed: number
  fidelity: string
  /** Ids of the imports this fit is made from, fixed when it was requested. */
  importIds: string[]
  /** SHA-256 (hex) over problem hash and the content hashes of the imports. */
  dataHash: string
  /** The recommendation with its evidence; null until the job has succeeded. */
  recommendation: Record<string, unknown> | null
  createdAt: Date
  finishedAt: Date | null
}
