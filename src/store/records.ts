import type { CorpusManifest, CorpusSettings, SourceSpec } from '../corpora/types.js'
import type { CompleteProblem } from '../optimizers/problem.js'
import type { TrialPolicy } from '../optimizers/trial-policy.js'

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
  /** The corpus that proxies are trained on, and the ingestion whose shards they read; null for studies without. */
  corpusId: string | null
  ingestionId: string | null
  trialPolicy: TrialPolicy
  /** Trials that others run, so far; raised with each, so that two suggestions at a time notice each other. */
  externalTrials: number
  /** Raised whenever a mixture is added to those tried, or taken away, so that one chosen before is not handed out. */
  triedVersion: number
  /** Raised by every change of what the caller has given; compare-and-set on it. */
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
  /** What the files say of how they were evaluated (versions, shots, hashes by task); null where they say nothing. */
  evaluations: Record<string, unknown> | null
  /** SHA-256 (hex) of the uploaded bytes. */
  contentHash: string
  createdAt: Date
  completedAt: Date | null
}

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
export type JobKind = 'fit' | 'ingest' | 'trial' | 'backtest'

export interface JobRecord {
  id: string
  kind: JobKind
  studyId: string | null
  /** What the job is about: the id of the fit, the ingestion, the trial or the backtest. */
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
  /** Ids of the proxy trials this fit is made from, fixed when it was requested. */
  trialIds: string[]
  /** SHA-256 (hex) over problem hash and the content hashes of the imports. */
  dataHash: string
  /** The recommendation with its evidence; null until the job has succeeded. */
  recommendation: Record<string, unknown> | null
  createdAt: Date
  finishedAt: Date | null
}

export interface CorpusRecord {
  id: string
  owner: string | null
  name: string
  labels: Record<string, string>
  settings: CorpusSettings
  domains: CorpusDomain[]
  /** The newest ingestion that succeeded; null before the first. */
  ingestionId: string | null
  /** Days without a study that uses it after which the corpus is removed; null: never. */
  retentionDays: number | null
  /** Raised by every change; compare-and-set on it. */
  version: number
  createdAt: Date
  updatedAt: Date
}

export interface CorpusDomain {
  name: string
  /** SPDX expression or the publisher's words; null when it is not known. */
  licence: string | null
  /** Where the text comes from, for people; null when it is not known. */
  source: string | null
}

export interface SourceRecord extends SourceSpec {
  corpusId: string
  domain: string
  /** Of an upload; null for paths. */
  bytes: number | null
  /** SHA-256 (hex) of an upload; null for paths. */
  contentHash: string | null
  createdAt: Date
}

export interface IngestionRecord {
  id: string
  corpusId: string
  jobId: string
  settings: CorpusSettings
  /** Ids of the sources, fixed when it was requested. */
  sourceIds: string[]
  /** Null until the job has succeeded. */
  manifest: CorpusManifest | null
  createdAt: Date
  finishedAt: Date | null
}

/** `fitting`: all trials have ended and the fit is at work. */
export type SearchState = 'running' | 'fitting' | 'finished' | 'failed' | 'cancelled'

/** `comparison`: given mixtures, each trained with several seeds; it ends without a fit. */
export type SearchPurpose = 'search' | 'comparison'

/** One go at a study with its own proxies: trials, then a fit. */
export interface SearchRecord {
  id: string
  studyId: string
  purpose: SearchPurpose
  /** Where the fit is made, and the trials are run, unless the method chooses. */
  fidelity: string
  /** Those among which the method chooses for each trial; null where all trials are at `fidelity`. */
  fidelities: string[] | null
  /** Trials it may spend, baselines included. */
  trials: number
  /** What its trials may cost in all, in the unit of the fidelities' costs; null without a bound. */
  budget: number | null
  /** Trials in flight at a time, each chosen when there is room for it; null where all are chosen at the start. */
  parallel: number | null
  seed: number
  state: SearchState
  fitId: string | null
  /** A problem document (RFC 9457) once the search has failed. */
  problem: Record<string, unknown> | null
  version: number
  createdAt: Date
  finishedAt: Date | null
}

/**
 * Trials of proxies are `waiting`, `running`, `completed`, `failed` (set aside after the last attempt) or `cancelled`. Those
 * that others run have the others too (trial-states.ts).
 */
export type TrialState =
  | 'waiting'
  | 'running'
  | 'completed'
  | 'completed-without-metrics'
  | 'stopped'
  | 'failed'
  | 'expired'
  | 'abandoned'
  | 'cancelled'

/** The states of trials that are trained here. */
export type ProxyTrialState = 'waiting' | 'running' | 'completed' | 'failed' | 'cancelled'

/** A mixture tried at a fidelity. */
export interface TrialRecord {
  id: string
  studyId: string
  /** `proxy`: trained here, in a search. `external`: run by others, who hold leases on it. */
  evaluator: 'proxy' | 'external'
  /** Null for those that others run. */
  searchId: string | null
  /** From 0, in the search; among all of the study for those that others run. */
  position: number
  fidelity: string
  /** `uniform` and `natural` for the baselines, a given name, '' for suggestions. */
  label: string
  /** Why this mixture, for people. */
  reason: string
  /** In the study's domain order; they sum to 1. */
  weights: number[]
  seed: number
  /** The trial whose mixture this one repeats on purpose, or whose late second result it holds. */
  replicateOf: string | null
  state: TrialState
  /** Null for those that others run. */
  jobId: string | null
  /** Attempts begun. */
  attempts: number
  /** A problem document (RFC 9457) once the last attempt failed. */
  problem: Record<string, unknown> | null
  /** Since when its client is asked to stop early. */
  stopRequestedAt: Date | null
  /** Why it was stopped early or abandoned, for people. */
  endReason: string | null
  createdAt: Date
  /** Once it is never offered again. A late result is still accepted of one that expired. */
  finishedAt: Date | null
}

/** A trial that is trained here. */
export type ProxyTrialRecord = TrialRecord & {
  evaluator: 'proxy'
  state: ProxyTrialState
  searchId: string
  jobId: string
}

/**
 * `interrupted`: the worker stopped cleanly. `lost`: it gave no sign of life. `stopped`: early, on request or by itself.
 * `superseded`: a late result of an earlier attempt completed the trial meanwhile.
 */
export type AttemptState =
  | 'running'
  | 'completed'
  | 'failed'
  | 'interrupted'
  | 'lost'
  | 'cancelled'
  | 'stopped'
  | 'superseded'

/** One go at a trial. */
export interface AttemptRecord {
  id: string
  trialId: string
  /** From 1. */
  number: number
  state: AttemptState
  problem: Record<string, unknown> | null
  /** The trial that holds what this attempt measured after another had completed its own; null mostly. */
  replicateId: string | null
  startedAt: Date
  finishedAt: Date | null
}

/** Who works on an attempt, and until when that is believed. */
export interface LeaseRecord {
  id: string
  attemptId: string
  holder: string
  expiresAt: Date
  releasedAt: Date | null
}

export interface MeasurementRecord {
  trialId: string
  attemptId: string
  tokens: number
  /** Metric name → value. */
  values: Record<string, number>
  /** Metric name → standard error. */
  standardErrors: Record<string, number>
  /** What else the evaluator says, for people and later methods: bits per byte, epochs, training loss. */
  details: Record<string, unknown>
  createdAt: Date
}

export interface EventRecord {
  /** Grows within a study; what `Last-Event-ID` carries. */
  id: number
  studyId: string
  type: string
  data: Record<string, unknown>
  createdAt: Date
}
