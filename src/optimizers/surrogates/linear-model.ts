import type { RowMatrix } from '../row-matrix.js'
import { drawsOfReplicates, spreadOverReplicates } from './bootstrap.js'
import { packDoubles, unpackDoubles } from './packing.js'
import type { Fitted, FittedJson, Prediction, SurrogateName } from './types.js'

const VERSION = 1

/** What a linear fit is made of. Coefficients act on weights from which `centre` was subtracted. */
export interface LinearParts {
  readonly surrogate: SurrogateName
  /** m column means of the training rows. */
  readonly centre: Float64Array
  /** [value at the centre, m coefficients]. */
  readonly coefficients: Float64Array
  /** Coefficients of every bootstrap replicate, one after the other; empty after a point fit. */
  readonly replicates: Float64Array
  readonly residualSd: number
  readonly details: Record<string, unknown>
}

/** A fitted linear function of the raw weights: least squares, ridge, single domain. */
export class LinearFitted implements Fitted {
  readonly surrogate: SurrogateName
  readonly rows = 'raw' as const
  readonly residualSd: number
  readonly details: Record<string, unknown>
  readonly draws?: (points: RowMatrix) => Float64Array[]
  readonly #parts: LinearParts
  readonly #replicateCount: number

  constructor(parts: LinearParts) {
    this.#parts = parts
    this.surrogate = parts.surrogate
    this.residualSd = parts.residualSd
    this.details = parts.details
    this.#replicateCount = parts.replicates.length / parts.coefficients.length
    if (this.#replicateCount > 0) {
      this.draws = (points) =>
        drawsOfReplicates(points.rows, this.#replicateCount, (b, out) =>
          this.#replicate(points, b, out),
        )
    }
  }

  predictMean(points: RowMatrix): Float64Array {
    const out = new Float64Array(points.rows)
    this.#evaluate(points, this.#parts.coefficients, out)
    return out
  }

  predict(points: RowMatrix): Prediction {
    const sd = spreadOverReplicates(points.rows, this.#replicateCount, this.residualSd, (b, out) =>
      this.#replicate(points, b, out),
    )
    return { mean: this.predictMean(points), sd }
  }

  toJSON(): FittedJson {
    const { centre, coefficients, replicates } = this.#parts
    return {
      surrogate: this.surrogate,
      version: VERSION,
      domains: centre.length,
      replicateCount: this.#replicateCount,
      centre: packDoubles(centre),
      coefficients: packDoubles(coefficients),
      replicates: packDoubles(replicates),
      residualSd: this.residualSd,
      details: this.details,
    }
  }

  #replicate(points: RowMatrix, b: number, out: Float64Array): void {
    const width = this.#parts.coefficients.length
    this.#evaluate(points, this.#parts.replicates.subarray(b * width, (b + 1) * width), out)
  }

  #evaluate(points: RowMatrix, coefficients: Float64Array, out: Float64Array): void {
    const { centre } = this.#parts
    const m = centre.length
    if (points.columns !== m) {
      throw new RangeError(
        `points have ${points.columns} weights, the surrogate was fitted to ${m}`,
      )
    }
    const { data } = points
    for (let i = 0; i < points.rows; i++) {
      let value = coefficients[0]
      for (let j = 0; j < m; j++) value += coefficients[j + 1] * (data[i * m + j] - centre[j])
      out[i] = value
    }
  }
}

/** Inverse of `LinearFitted.toJSON`. Throws a TypeError on a layout it does not know. */
export function restoreLinear(json: FittedJson): LinearFitted {
  requireVersion(json, VERSION)
  const m = Number(json.domains)
  return new LinearFitted({
    surrogate: json.surrogate,
    centre: unpackDoubles(json.centre, m),
    coefficients: unpackDoubles(json.coefficients, m + 1),
    replicates: unpackDoubles(json.replicates, Number(json.replicateCount) * (m + 1)),
    residualSd: Number(json.residualSd),
    details: json.details as Record<string, unknown>,
  })
}

/** Throws a TypeError when a stored surrogate has another layout than this program writes. */
export function requireVersion(json: FittedJson, version: number): void {
  if (json.version === version) return
  throw new TypeError(
    `a stored ${json.surrogate} surrogate has layout version ${json.version}, ` +
      `this program reads version ${version}: fit it again`,
  )
}
