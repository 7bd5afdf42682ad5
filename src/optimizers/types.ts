import type { TSchema } from 'typebox'
import type { Issue } from './issue.js'
import type { Space } from './mixture/types.js'
import type { CompleteProblem, Mixture } from './problem.js'
import type { Rng } from './random.js'
import type { Recommendation } from './recommendation.js'
import type { RowMatrix } from './row-matrix.js'
import type { SurrogateName } from './surrogates/types.js'

/** Runs of one data set (the training runs, or one hold-out set), joined: rows i of all members belong together. */
export interface RunTable {
  /** '' for the training runs, else the hold-out's name. */
  readonly name: string
  readonly fidelity: string
  readonly runIds: readonly string[]
  /** (n × m) weights as they were given, in the order of the problem's domains. */
  readonly raw: RowMatrix
  /** (n × m) the same, each row divided by its sum. */
  readonly normalised: RowMatrix
  /** Metric name → n values in the metric's own unit and direction; NaN where a run lacks the metric. */
  readonly values: ReadonlyMap<string, Float64Array>
  /** Metric name → n standard errors of its values, in its unit; NaN where unknown. A metric without any is left out. */
  readonly standardErrors?: ReadonlyMap<string, Float64Array>
  /** n seconds that the runs took to train; NaN where unknown. */
  readonly seconds?: Float64Array
}

/** Mixtures being tried at a fidelity: a type of its own, so that pending points cannot be forgotten. */
export interface ActiveTable {
  readonly fidelity: string
  /** (k × m) weights in the order of the problem's domains; rows sum to 1. */
  readonly normalised: RowMatrix
}

/** A problem ready to be worked on: validated, with its space compiled. */
export interface CompiledProblem {
  readonly problem: CompleteProblem
  readonly space: Space
}

export interface Suggestion {
  weights: Mixture
  fidelity: string
  /** Why this mixture, for people. */
  reason: string
  /** Its row among the candidates at the fidelity, where candidates were given. */
  row?: number
}

export interface Capabilities {
  /** Learns from several fidelities at once. */
  fidelities: boolean
  /** Takes mixtures that are being tried into account. */
  pending: boolean
  multiObjective: boolean
  /** What it suggests depends on what was measured. Others can be asked for all mixtures of a search at once. */
  adaptive: boolean
}

/** Keeps what took long to compute under a key that names all it was computed from. Results are the same without it. */
export interface Memo {
  get<T>(key: string, make: () => T): T
}

/** Called with work done so far; `done` never falls and ends at `total`. */
export type ProgressListener = (progress: { done: number; total: number; message: string }) => void

/** What is known when a method is asked for what to try, or for what it would recommend. */
export interface SearchState<P> {
  compiled: CompiledProblem
  params: P
  /** What was measured: a table for each fidelity that has runs. */
  completed: readonly RunTable[]
  active: readonly ActiveTable[]
  /** Tried without a result, and not to be suggested again: trials that failed for good or were given up. Nothing is awaited of them. */
  avoid?: readonly ActiveTable[]
  rng: Rng
  memo?: Memo
}

export interface SuggestInput<P> extends SearchState<P> {
  count: number
  /** Asked by methods that take long after each suggestion: whether those that there are will do. Default: all are wanted. */
  isEnough?: () => boolean
  /** Names of the fidelities that suggestions may be for, at least one; the method decides among several. */
  fidelities: readonly string[]
  /** The fidelity that a mixture is sought for. Default: of those offered or run, the one closest to the target run. */
  target?: string
  /**
   * Fidelity → the only mixtures that are left to try there (k × m), where a table of runs is replayed. Each row is suggested once at
   * most, also when it repeats a mixture that was tried. Default: every mixture of the space.
   */
  candidates?: ReadonlyMap<string, RowMatrix>
}

export interface PickInput<P> extends SearchState<P> {
  /** The fidelity that the mixture is for. */
  target: string
  /** (k × m) mixtures to choose among, k ≥ 1; rows sum to 1. */
  candidates: RowMatrix
}

export interface RecommendInput<P> {
  compiled: CompiledProblem
  params: P
  completed: RunTable
  /** Runs at other fidelities, for methods that learn from several. */
  others?: readonly RunTable[]
  holdouts: readonly RunTable[]
  /** `auto`, or the surrogate every metric is to be fitted with. */
  surrogate: SurrogateName | 'auto'
  seed: number
  onProgress?: ProgressListener
}

/** A recommendation with the models behind it, so that predictions need no second fit. */
export interface RecommendResult {
  recommendation: Recommendation
  /** One a metric: the chosen surrogate, serialised with its orientation (`MetricModel.toJSON`). */
  models: { metric: string; surrogate: SurrogateName; model: string }[]
}

/** A search method. Rebuilt from data at every call: it keeps no state between calls. */
export interface Optimizer<P = Record<string, unknown>> {
  readonly name: string
  readonly title: string
  readonly summary: string
  readonly citation: { authors: string; title: string; year: number; url: string }
  readonly capabilities: Capabilities
  /** JSON Schema of the parameters, with a default for every one. */
  readonly paramsSchema: TSchema
  /** The surrogates the method can work with; `auto` chooses among them. */
  readonly surrogates: readonly SurrogateName[]
  /** Whether a recommendation takes at least m + 1 distinct mixtures. */
  readonly needsRuns: boolean
  /**
   * What is wrong with the problem or the parameters, before any compute is spent.
   * @param use where mixtures are to be tried, and for which fidelity. Default: at all, for the one closest to the target run
   */
  validate(
    compiled: CompiledProblem,
    params: P,
    use?: { fidelities: readonly string[]; target: string },
  ): Issue[]
  /** Mixtures to try next, without those tried or being tried. Fewer than `count` when there are no more that are worth it. */
  suggest(input: SuggestInput<P>): Suggestion[]
  /** The row of the candidates that the method would recommend now; undefined where it cannot tell yet. */
  pick(input: PickInput<P>): number | undefined
  recommend(input: RecommendInput<P>): RecommendResult
}
