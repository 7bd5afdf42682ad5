import type { CorpusManifest, IngestProgress, IngestTask } from '../corpora/types.js'
import type {
  ImportOptions,
  ParsedTable,
  TableHead,
  TableUpload,
} from '../formats/importers/table.js'
import type { CompleteProblem, Mixture } from '../optimizers/problem.js'
import type { ProxySpec } from '../optimizers/proxy.js'
import type { MetricPrediction, Recommendation } from '../optimizers/recommendation.js'
import type { SurrogateName } from '../optimizers/surrogates/types.js'
import type { ProgressListener, Suggestion } from '../optimizers/types.js'
import type { JobKind } from '../store/records.js'
import type { Device, ProxyMeasurement } from '../training/types.js'

/** What the studies need from outside their room: heavy computation, and a way to wake a worker. */

export interface RecommendTask {
  problem: CompleteProblem
  problemHash: string
  method: string
  surrogate: SurrogateName | 'auto'
  params: Record<string, unknown>
  seed: number
  /** Pages of JSON text: arrays of RunRow (formats/run-row.ts). */
  training: { fidelity: string; pages: string[] }
  holdouts: { name: string; fidelity: string; pages: string[] }[]
}

export interface RecommendOutcome {
  recommendation: Recommendation
  models: { metric: string; surrogate: SurrogateName; model: string }[]
}

/** One proxy to train. */
export interface TrainTask {
  proxy: ProxySpec
  /** Folder of the ingestion whose shards it reads. */
  corpusFolder: string
  /** The study's domains, in its order; each is a domain of the corpus. */
  domains: readonly string[]
  /** In the order of `domains`; they sum to 1. */
  weights: readonly number[]
  /** Of the search: initial parameters, which its trials share, so that they differ by their mixtures and not by their starts. */
  initialSeed: number
  /** Of the trial: the order of sequences. */
  seed: number
  /** Of the study: what all trials share, such as the validation subset. */
  studySeed: number
  /** Tokens of the target run, for simulated epoching. */
  targetTokens?: number
  device: Device
  /** Where checkpoints go; one that is there is resumed from. */
  checkpointFile: string
  /** Seconds between two checkpoints. */
  checkpointSeconds: number
}

export type TrainEvent =
  | {
      type: 'progress'
      step: number
      steps: number
      tokens: number
      totalTokens: number
      /** Mean training loss since the last event, nats per token. */
      loss: number
      tokensPerSecond: number
    }
  /** Not that of the end of the budget, which the outcome has. After a resumption those from before come again. */
  | { type: 'measurement'; measurement: ProxyMeasurement }
  /** Something an operator should know, such as a checkpoint that could not be written; the training goes on. */
  | { type: 'warning'; message: string }

export interface TrainOutcome {
  /** At the end of the budget. */
  last: ProxyMeasurement
  /** Seconds of training in this attempt. */
  seconds: number
}

export interface SuggestTask {
  problem: CompleteProblem
  /** Key under which a thread may keep the compiled problem. */
  problemHash: string
  method: string
  params: Record<string, unknown>
  seed: number
  fidelity: string
  /** (n × m) mixtures tried or being tried, in the problem's domain order, row by row; they are not suggested again. */
  active: Float64Array
  count: number
}

/** CPU-heavy work, done in worker threads. Rejects with MixwrightError for expected refusals. */
export interface Compute {
  /**
   * Parses and checks an upload against the problem. `onChunk` gets the rows as JSON text (arrays of RunRow, ≤ 1,000 rows
   * each), one chunk at a time: none on a dry run. Files of results are read as streams, so that rows may come before a
   * problem does: only when the table that this resolves to has none, the rows are to be kept.
   */
  parseTable(
    task: {
      problem: CompleteProblem
      upload: TableUpload
      /** Given by the fields of forms; JSON bodies carry their own. */
      options?: ImportOptions
      maxRows: number
    },
    /** Called once before the first chunk. */
    onStart: (table: TableHead) => Promise<void>,
    onChunk: (rowsJson: string) => Promise<void>,
  ): Promise<ParsedTable>
  recommend(
    task: RecommendTask,
    options?: { signal?: AbortSignal; onProgress?: ProgressListener },
  ): Promise<RecommendOutcome>
  /** Predictions of fitted models (`models[].model`) for mixtures, in their order. */
  predict(task: {
    problem: CompleteProblem
    /** Key under which a thread may keep the restored models. */
    fitId: string
    models: { metric: string; surrogate: string; model: string }[]
    mixtures: Mixture[]
  }): Promise<MetricPrediction[][]>
  /** Trains one proxy on a thread of its own. Rejects with the signal's reason soon after it aborts. */
  train(
    task: TrainTask,
    options: { signal?: AbortSignal; onEvent?: (event: TrainEvent) => void },
  ): Promise<TrainOutcome>
  ingest(
    task: IngestTask,
    options: { signal?: AbortSignal; onProgress?: (progress: IngestProgress) => void },
  ): Promise<CorpusManifest>
  suggest(task: SuggestTask): Promise<Suggestion[]>
}

/** Tells some worker that a job is waiting. The queue is only a doorbell: the job itself is in the store. */
export interface Doorbell {
  /** Never rejects: a job that could not be announced is found by the reconciler, which looks into the store. */
  ring(kind: JobKind, jobId: string): Promise<void>
}
