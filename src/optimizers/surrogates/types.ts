import type { Rng } from '../random.js'
import type { RowMatrix } from '../row-matrix.js'

export const SURROGATE_NAMES = [
  'least-squares',
  'ridge',
  'log-linear',
  'gradient-boosted-trees',
  'gaussian-process',
  'single-domain',
] as const
export type SurrogateName = (typeof SURROGATE_NAMES)[number]

/**
 * Observations of ONE metric. Rows i of all members belong together.
 * Values are oriented: lower is better (see orientation.ts), so no surrogate knows of directions.
 */
export interface Observations {
  /** (n × m) weights as they were given; rows may sum to 1 ± 0.005. */
  readonly raw: RowMatrix
  /** (n × m) the same, each row divided by its sum. */
  readonly normalised: RowMatrix
  /** n values of the metric, finite. */
  readonly values: Float64Array
}

/** Mean and standard deviation of a new run's metric value, one entry a point, oriented (lower is better). */
export interface Prediction {
  readonly mean: Float64Array
  /** Includes both the uncertainty of the fit and the noise of a run; NaN-free, ≥ 0. */
  readonly sd: Float64Array
}

/** A surrogate fitted to one metric. Immutable, and restorable from `toJSON()`. */
export interface Fitted {
  readonly surrogate: SurrogateName
  /** Which rows predictions expect when a point is a run from an imported table. New mixtures sum to 1, so both agree. */
  readonly rows: 'raw' | 'normalised'
  /** Points: (n × m). Throws RangeError on another width. */
  predict(points: RowMatrix): Prediction
  /** Means alone: the hot path of candidate scoring. */
  predictMean(points: RowMatrix): Float64Array
  /**
   * Joint draws of the fitted mean function at the points, one array of n values a bootstrap replicate, so that
   * differences between points keep their correlation. Absent where the surrogate has none (trees, single domain).
   */
  draws?(points: RowMatrix): Float64Array[]
  /** Standard deviation of one run around the fitted mean, from out-of-fold residuals (≥ 0). */
  readonly residualSd: number
  /** Facts worth showing: coefficients, number of trees, spread over starts … JSON. */
  readonly details: Record<string, unknown>
  toJSON(): FittedJson
}

/** Plain JSON; typed arrays are packed as base64. `version` changes when the layout does. */
export interface FittedJson {
  surrogate: SurrogateName
  version: number
  [key: string]: unknown
}

/** One way to learn mixture → metric. Stateless. */
export interface Surrogate<Params = Record<string, unknown>> {
  readonly name: SurrogateName
  readonly title: string
  readonly rows: 'raw' | 'normalised'
  readonly defaults: Params
  /** Fewest distinct mixtures this surrogate can be fitted to with m domains. */
  minimumRuns(domains: number, params: Params): number
  /** A point fit, as cross-validation uses it: no intervals, `residualSd` from the training rows. */
  fit(observations: Observations, params: Params, rng: Rng): Fitted
  /**
   * The same fit with its uncertainty: bootstrap replicates with warm starts where the surrogate has them, and
   * `residualSd` from the given out-of-fold residuals.
   */
  fitWithIntervals(
    observations: Observations,
    params: Params,
    rng: Rng,
    outOfFoldResiduals: Float64Array,
  ): Fitted
  restore(json: FittedJson): Fitted
}
