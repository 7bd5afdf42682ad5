import type { ImportOptions, ParsedTable, TableUpload } from '../formats/importers/table.js'
import type { CompleteProblem, Mixture } from '../optimizers/problem.js'
import type { MetricPrediction, Recommendation } from '../optimizers/recommendation.js'
import type { SurrogateName } from '../optimizers/surrogates/types.js'
import type { ProgressListener } from '../optimizers/types.js'

/** What the studies need from outside their room: heavy computation, and a way to wake a worker. */

export interface RecommendTask {
  problem: CompleteProblem
  problemHash: string
  method: string
  surrogate: SurrogateName | 'auto'
  params: Record<string, unknown>
  seed: number
  /** Pages of JSON text: arrays of RunRow (store/records.ts). */
  training: { fidelity: string; pages: string[] }
  holdouts: { name: string; fidelity: string; pages: string[] }[]
}

export interface RecommendOutcome {
  recommendation: Recommendation
  models: { metric: string; surrogate: SurrogateName; model: string }[]
}

/** CPU-heavy work, done in worker threads. Rejects with MixwrightError for expected refusals. */
export interface Compute {
  /**
   * Parses and checks an upload against the problem. Only when it has no problems and is not a dry run, `onChunk` gets the rows
   * as JSON text (arrays of RunRow, ≤ 1,000 rows each), one chunk at a time.
   */
  parseTable(
    task: {
      problem: CompleteProblem
      upload: TableUpload
      /** Given for CSV uploads by form fields; JSON bodies carry their own. */
      options?: ImportOptions
      maxRows: number
    },
    /** Called once before the first chunk, when the table is importable and not a dry run. */
    onStart: (table: ParsedTable) => Promise<void>,
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
}

/** Tells some worker that a job is waiting. The queue is only a doorbell: the job itself is in the store. */
export interface Doorbell {
  /** Never rejects: a job that could not be announced is found by the reconciler, which looks into the store. */
  ring(jobId: string): Promise<void>
}
