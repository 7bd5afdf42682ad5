import type { RowMatrix } from '../../row-matrix.js'
import type { SmoothFunction } from './lbfgs.js'

/**
 * Above this exponent e^z goes on along its tangent, so that a bold step of the search stays
 * finite.
 */
const LARGEST_EXPONENT = 60
const LARGEST_EXPONENTIAL = Math.exp(LARGEST_EXPONENT)

/** e^z, continued linearly above z = 60; monotone, convex and continuously differentiable. */
export function boundedExp(z: number): number {
  return z > LARGEST_EXPONENT ? LARGEST_EXPONENTIAL * (1 + z - LARGEST_EXPONENT) : Math.exp(z)
}

/** Derivative of `boundedExp`, from its value. */
function boundedExpSlope(value: number): number {
  return Math.min(value, LARGEST_EXPONENTIAL)
}

/**
 * Σ_i v_i · Huber_δ(e^c + e^{θ·x_i} − y_i) as a function of (c, θ), with its gradient
 * ∂c = e^c Σ v ψ, ∂θ = Σ v ψ e^{θ·x} x, ψ the residual clipped to ±δ (Olmix, arXiv 2602.12237).
 *
 * Rows are taken four at a time: four independent sums keep the processor busy and the gradient is
 * written a quarter as often. Rows that fill the last four up have weight 0.
 */
export class LogLinearObjective implements SmoothFunction {
  readonly size: number
  readonly #design: Float64Array
  readonly #width: number
  readonly #values: Float64Array
  readonly #weights: Float64Array
  readonly #delta: number

  /**
   * @param design (n × width)
   * @param values n targets
   * @param delta δ > 0, in the unit of the values
   */
  constructor(design: RowMatrix, values: Float64Array, delta: number) {
    const padded = Math.ceil(design.rows / 4) * 4
    this.size = design.columns + 1
    this.#width = design.columns
    this.#design = new Float64Array(padded * design.columns)
    this.#design.set(design.data)
    this.#values = new Float64Array(padded)
    this.#values.set(values)
    this.#weights = new Float64Array(padded)
    this.#weights.fill(1, 0, design.rows)
    this.#delta = delta
  }

  /** Gives every row its weight v_i ≥ 0 (n of them); they are 1 to begin with. */
  setWeights(weights: Float64Array): void {
    this.#weights.set(weights)
  }

  evaluate(parameters: Float64Array, gradient: Float64Array): number {
    const design = this.#design
    const width = this.#width
    const values = this.#values
    const weights = this.#weights
    const delta = this.#delta
    const floor = boundedExp(parameters[0])
    gradient.fill(0)
    let loss = 0
    let floorSum = 0
    for (let i = 0; i < values.length; i += 4) {
      const row0 = i * width
      const row1 = row0 + width
      const row2 = row1 + width
      const row3 = row2 + width
      let z0 = 0
      let z1 = 0
      let z2 = 0
      let z3 = 0
      for (let j = 0; j < width; j++) {
        const parameter = parameters[j + 1]
        z0 += parameter * design[row0 + j]
        z1 += parameter * design[row1 + j]
        z2 += parameter * design[row2 + j]
        z3 += parameter * design[row3 + j]
      }
      const e0 = boundedExp(z0)
      const e1 = boundedExp(z1)
      const e2 = boundedExp(z2)
      const e3 = boundedExp(z3)
      const r0 = floor + e0 - values[i]
      const r1 = floor + e1 - values[i + 1]
      const r2 = floor + e2 - values[i + 2]
      const r3 = floor + e3 - values[i + 3]
      const c0 = clip(r0, delta)
      const c1 = clip(r1, delta)
      const c2 = clip(r2, delta)
      const c3 = clip(r3, delta)
      const p0 = weights[i] * c0
      const p1 = weights[i + 1] * c1
      const p2 = weights[i + 2] * c2
      const p3 = weights[i + 3] * c3
      loss +=
        p0 * (r0 - 0.5 * c0) + p1 * (r1 - 0.5 * c1) + p2 * (r2 - 0.5 * c2) + p3 * (r3 - 0.5 * c3)
      floorSum += p0 + p1 + p2 + p3
      const s0 = p0 * boundedExpSlope(e0)
      const s1 = p1 * boundedExpSlope(e1)
      const s2 = p2 * boundedExpSlope(e2)
      const s3 = p3 * boundedExpSlope(e3)
      for (let j = 0; j < width; j++) {
        gradient[j + 1] +=
          s0 * design[row0 + j] +
          s1 * design[row1 + j] +
          s2 * design[row2 + j] +
          s3 * design[row3 + j]
      }
    }
    gradient[0] = floorSum * boundedExpSlope(floor)
    return loss
  }
}

function clip(value: number, bound: number): number {
  return Math.min(bound, Math.max(-bound, value))
}
