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
import type {
  BacktestMethod,
  BacktestSettings,
  StoredBacktestReport,
} from '../store/backtest-contract.js'
import type { JobKind } from '../store/records.js'
import type { Device, ProxyMeasurement } from '../training/types.js'
import type { AskedTerms, CompleteTerms } from './backtest-terms.js'

/** What the studies need from outside their room: heavy computation, and a way to wake a worker. */

/** Runs at a fidelity, as pages of JSON text: arrays of RunRow (formats/run-row.ts). */
export interface RunPages {
  fidelity: string
  pages: string[]
  /** Of another study over the same domains: its id, and its order of the weights. */
  from?: { study: string; domains: readonly string[] }
}

export interface RecommendTask {
  problem: CompleteProblem
  problemHash: string
  method: string
  surrogate: SurrogateName | 'auto'
  params: Record<string, unknown>
  seed: number
  training: RunPages
  /** What methods learn from besides, such as runs at other fidelities. Those of one fidelity are one table. */
  others?: RunPages[]
  holdouts: (RunPages & { name: string })[]
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

/** Mixtures at a fidelity: (k × m) weights in the problem's domain order, row by row. */
export interface MixtureRows {
  fidelity: string
  weights: Float64Array
}

export interface SuggestTask {
  problem: CompleteProblem
  /** Key under which a thread may keep the compiled problem. */
  problemHash: string
  method: string
  params: Record<string, unknown>
  seed: number
  /** Names of the fidelities that mixtures may be chosen for, at least one. */
  fidelities: readonly string[]
  /** Mixtures being tried, and those tried of methods that do not look at results; they are not suggested again. */
  active: readonly MixtureRows[]
  count: number
  /**
   * Milliseconds since the epoch: of a method that looks at results and takes long, what was chosen by then is enough, at least one mixture.
   * Default: all are waited for.
   */
  until?: number
  /** For adaptive methods, and for them alone: what was found. */
  learned?: LearnedRuns
}

export interface LearnedRuns {
  /** Training runs; those of one fidelity are one table. */
  completed: RunPages[]
  /** Mixtures tried without a result. */
  avoid: readonly MixtureRows[]
  /** The fidelity at which the uniform and the natural mixture come before any other, where they were not tried. */
  baselinesAt: string
}

/** A mixture chosen by a method, or a baseline. */
export interface ChosenMixture extends Suggestion {
  /** `uniform` and `natural` for the baselines, '' for suggestions. */
  label: string
}

/** Runs that methods are to be replayed on, and what was asked of the backtest. */
export interface SurveyTask {
  /** With the costs that the backtest counts with. */
  problem: CompleteProblem
  /** One entry a fidelity. */
  runs: RunPages[]
  target: string
  methods: BacktestMethod[]
  seed: number
  /** Fidelities whose cost somebody has given. */
  givenCosts: string[]
  terms: AskedTerms
}

export interface RunSurvey extends CompleteTerms {
  /** Fidelity → runs that can be looked up: those with every metric of the objective. */
  scored: Record<string, number>
  /** SHA-256 (hex) over all runs. */
  dataHash: string
}

export interface BacktestTask {
  /** With the costs that the backtest counts with. */
  problem: CompleteProblem
  settings: BacktestSettings
  /** One entry a fidelity. */
  runs: RunPages[]
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
  /** @param options `onStart`: called when a thread begins with it, which may be after others */
  recommend(
    task: RecommendTask,
    options?: { signal?: AbortSignal; onProgress?: ProgressListener; onStart?: () => void },
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
  /** @param options `signal`: ends the thread that is at it, whatever the method is doing */
  suggest(task: SuggestTask, options?: { signal?: AbortSignal }): Promise<ChosenMixture[]>
  /**
   * Whether a backtest can be made of the runs, and on what terms.
   * @throws MixwrightError `validation-failed` with pointers into `{ target, tables, entries, costs, budget }`
   */
  surveyRuns(task: SurveyTask): Promise<RunSurvey>
  /**
   * Replays every method with every seed, on as many threads as there are. Progress counts replays.
   * @param options `mostSeconds`: of computing, on all threads together; any number when left out
   * @throws MixwrightError `backtest-too-large` as soon as those that are done show that it would take longer
   */
  backtest(
    task: BacktestTask,
    options?: { signal?: AbortSignal; onProgress?: ProgressListener; mostSeconds?: number },
  ): Promise<StoredBacktestReport>
}

/** Tells some worker that a job is waiting. The queue is only a doorbell: the job itself is in the store. */
export interface Doorbell {
  /** Never rejects: a job that could not be announced is found by the reconciler, which looks into the store. */
  ring(kind: JobKind, jobId: string): Promise<void>
}
