import {
  choleskyWithJitter,
  GrowingCholesky,
  type LowerFactor,
  solveLower,
  solveLowerMany,
} from '../../linear-algebra/index.js'
import { selectRows } from '../../row-matrix.js'
import {
  crossCovariance,
  type GpPoints,
  type GpState,
  noiseOf,
  pairedPrior,
  priorVariances,
  residualsOf,
  unpack,
} from './covariance.js'
import type { GpObservations } from './observations.js'
import type { GpSpecification } from './specification.js'

/** Below it a variance is rounding. */
export const LEAST_VARIANCE = 1e-12

/** The noise-free scores at k points, as they are known. */
export interface GpProjection extends GpPoints {
  readonly means: Float64Array
  readonly deviations: Float64Array
  /** (n × k): L⁻¹ times the prior covariance with the observations, from which covariances follow. */
  readonly solved: Float64Array
}

/** What a posterior is given, in the form in which it uses it. */
export interface GpGiven extends GpPoints {
  /** L, of the covariance of the scores with their noise: L Lᵀ. */
  readonly factor: LowerFactor
  /** n: L⁻¹ (values − mean). */
  readonly whitened: Float64Array
}

/**
 * A Gaussian process with known hyper-parameters, given observations (Rasmussen and Williams 2006, eq. 2.25 and 2.26). Further
 * ones can be imagined, and forgotten again, without another factorisation.
 */
export class GpPosterior {
  readonly specification: GpSpecification
  readonly state: GpState
  readonly #factor: GrowingCholesky
  /** n observed points, and those imagined after them. */
  #points: GpPoints
  /** L⁻¹ (values − mean). */
  #whitened: Float64Array

  /** @throws NotPositiveDefiniteError when the covariance of the observations is singular, even with jitter */
  constructor(specification: GpSpecification, values: Float64Array, observations: GpObservations) {
    const { points, fidelity } = observations
    this.specification = specification
    this.state = unpack(specification, values)
    this.#points = { points, fidelity }
    const n = points.rows
    const matrix = crossCovariance(specification, this.state, this.#points, this.#points)
    for (let i = 0; i < n; i++) matrix[i * n + i] += noiseOf(this.state, observations, i)
    this.#factor = GrowingCholesky.from(choleskyWithJitter(matrix, n).factor)
    this.#whitened = residualsOf(this.state, observations)
    solveLower(this.#factor.factor, this.#whitened)
  }

  /** How many points it is given, imagined ones included. */
  get size(): number {
    return this.#factor.size
  }

  /** What it is computed from, not copied: valid until something is imagined or forgotten. */
  get given(): GpGiven {
    return { ...this.#points, factor: this.#factor.factor, whitened: this.#whitened }
  }

  /** What is known of the noise-free scores at the points. */
  at(query: GpPoints): GpProjection {
    const columns = query.points.rows
    const solved = crossCovariance(this.specification, this.state, this.#points, query)
    solveLowerMany(this.#factor.factor, solved, columns)
    const prior = priorVariances(this.specification, this.state)
    const means = Float64Array.from(query.fidelity, (m) => this.state.means[m])
    const variances = Float64Array.from(query.fidelity, (m) => prior[m])
    for (let i = 0, at = 0; i < this.size; i++) {
      const weight = this.#whitened[i]
      for (let k = 0; k < columns; k++, at++) {
        means[k] += weight * solved[at]
        variances[k] -= solved[at] * solved[at]
      }
    }
    const deviations = variances.map((variance) => Math.sqrt(Math.max(LEAST_VARIANCE, variance)))
    return { ...query, means, deviations, solved }
  }

  /** Posterior covariance between all of two sets: (k × l), row-major, without noise. */
  covariance(one: GpProjection, other: GpProjection): Float64Array {
    const out = crossCovariance(this.specification, this.state, one, other)
    const [rows, columns] = [one.points.rows, other.points.rows]
    for (let i = 0; i < this.size; i++)
      for (let k = 0, at = 0; k < rows; k++) {
        const weight = one.solved[i * rows + k]
        for (let l = 0; l < columns; l++, at++) out[at] -= weight * other.solved[i * columns + l]
      }
    return out
  }

  /** Posterior covariance between the k-th points of two sets of as many. */
  pairedCovariance(one: GpProjection, other: GpProjection): Float64Array {
    const out = pairedPrior(this.specification, this.state, one, other)
    const count = one.points.rows
    for (let i = 0, at = 0; i < this.size; i++)
      for (let k = 0; k < count; k++, at++) out[k] -= one.solved[at] * other.solved[at]
    return out
  }

  /**
   * Takes in scores that are imagined at the points, with the noise of their fidelities. Earlier projections do not know of them.
   */
  imagine({ points, fidelity }: GpPoints, scores: ArrayLike<number>): void {
    for (let k = 0; k < points.rows; k++) {
      const point = { points: selectRows(points, [k]), fidelity: fidelity.slice(k, k + 1) }
      const cross = crossCovariance(this.specification, this.state, point, this.#points)
      const prior = priorVariances(this.specification, this.state)[fidelity[k]]
      this.#factor.append(cross, prior + this.state.noise[fidelity[k]])
      this.#points = joined(this.#points, point)
      const row = this.#factor.factor
      let rest = scores[k] - this.state.means[fidelity[k]]
      const begin = (row.size - 1) * row.stride
      for (let i = 0; i < row.size - 1; i++) rest -= row.data[begin + i] * this.#whitened[i]
      this.#whitened = Float64Array.of(...this.#whitened, rest / row.data[begin + row.size - 1])
    }
  }

  /** Forgets what was imagined since it had so many points. */
  forget(size: number): void {
    this.#factor.truncate(size)
    const { points, fidelity } = this.#points
    const { columns, data } = points
    this.#points = {
      points: { data: data.subarray(0, size * columns), rows: size, columns },
      fidelity: fidelity.subarray(0, size),
    }
    this.#whitened = this.#whitened.slice(0, size)
  }
}

function joined(one: GpPoints, other: GpPoints): GpPoints {
  const data = new Float64Array(one.points.data.length + other.points.data.length)
  data.set(one.points.data)
  data.set(other.points.data, one.points.data.length)
  const { columns } = one.points
  return {
    points: { data, rows: one.points.rows + other.points.rows, columns },
    fidelity: Int32Array.of(...one.fidelity, ...other.fidelity),
  }
}
