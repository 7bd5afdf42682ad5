import type { Rng } from '../random.js'
import type { RowMatrix } from '../row-matrix.js'
import { type MetricData, orientedObservations } from './metric-data.js'
import { type Direction, type Orientation, unorient } from './orientation.js'
import { completeParams, restoreFitted, surrogateNamed } from './registry.js'
import { mean } from './statistics.js'
import type { Fitted, FittedJson, Prediction, SurrogateName } from './types.js'

const VERSION = 1

export interface MetricModelJson {
  version: number
  metric: string
  direction: Direction
  sign: 1 | -1
  shift: number
  fitted: FittedJson
}

/** A surrogate fitted to one metric, with the way back to the metric's own unit and direction. */
export class MetricModel {
  readonly metric: string
  readonly direction: Direction
  readonly fitted: Fitted
  readonly orientation: Orientation
  /**
   * Joint draws of the fitted mean at n points, oriented like `orientedMean`, one array a bootstrap
   * replicate. Absent where the surrogate has none.
   */
  readonly orientedDraws?: (points: RowMatrix) => Float64Array[]

  constructor(metric: string, direction: Direction, orientation: Orientation, fitted: Fitted) {
    this.metric = metric
    this.direction = direction
    this.orientation = orientation
    this.fitted = fitted
    if (fitted.draws) {
      this.orientedDraws = (points) =>
        (fitted.draws?.(points) ?? []).map((draw) => this.#unshift(draw))
    }
  }

  /** Mean and standard deviation of a new run at n points (n × m), in the metric's own unit. */
  predict(points: RowMatrix): Prediction {
    const { mean, sd } = this.fitted.predict(points)
    return { mean: unorient(this.orientation, mean), sd }
  }

  /** Means in the metric's own unit. */
  predictMean(points: RowMatrix): Float64Array {
    return unorient(this.orientation, this.fitted.predictMean(points))
  }

  /** Means in the metric's own unit, with a minus sign when it is maximised: lower is better. */
  orientedMean(points: RowMatrix): Float64Array {
    return this.#unshift(this.fitted.predictMean(points))
  }

  /** The rows of imported runs that this model's predictions expect: raw or normalised. */
  rowsOf(table: { readonly raw: RowMatrix; readonly normalised: RowMatrix }): RowMatrix {
    return table[this.fitted.rows]
  }

  toJSON(): MetricModelJson {
    return {
      version: VERSION,
      metric: this.metric,
      direction: this.direction,
      ...this.orientation,
      fitted: this.fitted.toJSON(),
    }
  }

  #unshift(oriented: Float64Array): Float64Array {
    const { shift } = this.orientation
    return shift === 0 ? oriented : oriented.map((value) => value - shift)
  }
}

export interface MetricFit {
  readonly data: MetricData
  readonly surrogate: SurrogateName
  /** What differs from the surrogate's defaults. */
  readonly params?: Record<string, unknown>
  readonly rng: Rng
}

/** Fits a surrogate to all runs that have the metric: the same means as `fitMetricModel`, without its intervals. */
export function fitMetricMeans({ data, surrogate: name, params, rng }: MetricFit): MetricModel {
  const surrogate = surrogateNamed(name)
  const { observations, orientation } = orientedObservations(data, name)
  const fitted = surrogate.fit(observations, completeParams(surrogate, params), rng)
  return new MetricModel(data.metric, data.direction, orientation, fitted)
}

/**
 * Fits a surrogate with its intervals to all runs that have the metric.
 * @param outOfFoldResiduals from cross-validation; empty when that was impossible. Then nothing is
 *   known of the errors on unseen mixtures, and the deviations of the runs from their mean stand
 *   in: what a model that learned nothing would err by.
 */
export function fitMetricModel({
  data,
  surrogate: name,
  params,
  rng,
  outOfFoldResiduals,
}: MetricFit & { readonly outOfFoldResiduals: Float64Array }): MetricModel {
  const surrogate = surrogateNamed(name)
  const { observations, orientation } = orientedObservations(data, name)
  const fitted = surrogate.fitWithIntervals(
    observations,
    completeParams(surrogate, params),
    rng,
    outOfFoldResiduals.length > 0 ? outOfFoldResiduals : deviations(observations.values),
  )
  return new MetricModel(data.metric, data.direction, orientation, fitted)
}

function deviations(values: Float64Array): Float64Array {
  const centre = mean(values)
  return values.map((value) => value - centre)
}

/** Inverse of `MetricModel.toJSON`; throws a TypeError that says what is wrong on anything else. */
export function restoreMetricModel(json: MetricModelJson): MetricModel {
  if (json.version !== VERSION) {
    throw new TypeError(
      `a stored model has layout version ${json.version}, this program reads version ${VERSION}: fit it again`,
    )
  }
  const { metric, direction, sign, shift } = json
  return new MetricModel(metric, direction, { sign, shift }, restoreFitted(json.fitted))
}
