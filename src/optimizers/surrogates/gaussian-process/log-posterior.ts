import {
  choleskyInPlace,
  inverseFromCholesky,
  type LowerFactor,
  logDeterminant,
  solveFactored,
} from '../../linear-algebra/index.js'
import { type GpState, noiseOf, residualsOf, unpack } from './covariance.js'
import { scaledPoints, squaredDistances, weightedSquares } from './distances.js'
import type { GpObservations } from './observations.js'
import { addLogPriors } from './parameters.js'
import type { GpSpecification } from './specification.js'

const LOG_2_PI = Math.log(2 * Math.PI)

/** ln N(residuals; 0, K) with K = L Lᵀ and alpha = K⁻¹ residuals. */
function logDensity(factor: LowerFactor, residuals: Float64Array, alpha: Float64Array): number {
  let fit = 0
  for (let i = 0; i < factor.size; i++) fit += residuals[i] * alpha[i]
  return -0.5 * (fit + logDeterminant(factor) + factor.size * LOG_2_PI)
}

/**
 * ln p(values | hyper-parameters) + Σ ln p(hyper-parameter), with analytic derivatives (Rasmussen and Williams 2006, eq. 2.30 and
 * 5.9). Keeps its n × n buffers between evaluations.
 */
export class LogPosterior {
  readonly #specification: GpSpecification
  readonly #observations: GpObservations
  readonly #size: number
  readonly #withPriors: boolean
  /** K, then its lower factor. */
  readonly #matrix: Float64Array
  /** By term, below the diagonal and 0 elsewhere: κ and dκ/d(r²). */
  readonly #values: Float64Array[]
  readonly #slopes: Float64Array[]
  /** Inverse of K. */
  readonly #inverse: Float64Array

  /** @param withPriors without them it is the likelihood alone; default true */
  constructor(
    specification: GpSpecification,
    observations: GpObservations,
    { withPriors = true } = {},
  ) {
    const size = observations.points.rows
    const square = () => new Float64Array(size * size)
    this.#specification = specification
    this.#observations = observations
    this.#size = size
    this.#withPriors = withPriors
    this.#matrix = square()
    this.#inverse = square()
    this.#values = Array.from({ length: specification.fidelityKernel.terms }, square)
    this.#slopes = Array.from({ length: specification.fidelityKernel.terms }, square)
  }

  /**
   * @param values of all hyper-parameters, each in its own unit
   * @param gradient where wanted: the derivatives by them
   * @returns −Infinity where the covariance is not positive definite
   */
  evaluate(values: Float64Array, gradient?: Float64Array): number {
    const state = unpack(this.#specification, values)
    this.#fillMatrix(state, gradient !== undefined)
    if (choleskyInPlace(this.#matrix, this.#size) >= 0) return Number.NEGATIVE_INFINITY
    const factor = { data: this.#matrix, size: this.#size, stride: this.#size }
    const residuals = residualsOf(state, this.#observations)
    const alpha = residuals.slice()
    solveFactored(factor, alpha)
    const likelihood = logDensity(factor, residuals, alpha)
    gradient?.fill(0)
    if (gradient) this.#addGradient(state, factor, alpha, gradient)
    if (!this.#withPriors) return likelihood
    const ignored = gradient ?? new Float64Array(values.length)
    return likelihood + addLogPriors(this.#specification.parameters, values, ignored)
  }

  #fillMatrix(state: GpState, withSlopes: boolean): void {
    const n = this.#size
    this.#matrix.fill(0)
    for (let q = 0; q < this.#specification.fidelityKernel.terms; q++) {
      this.#addTerm(q, state, withSlopes ? this.#slopes[q] : undefined)
    }
    for (let i = 0; i < n; i++) this.#matrix[i * n + i] += noiseOf(state, this.#observations, i)
  }

  #addTerm(term: number, { b, lengthScales }: GpState, slopes: Float64Array | undefined): void {
    const { fidelity, points } = this.#observations
    const { kernel, fidelityKernel } = this.#specification
    const { fidelities } = fidelityKernel
    const n = this.#size
    const matrix = this.#matrix
    const kappa = this.#values[term]
    const scaled = scaledPoints(points, lengthScales, term)
    for (let i = 0; i < n; i++) {
      const begin = i * n
      squaredDistances(scaled, i, scaled, i, points.columns, kappa, begin)
      kernel.evaluate(kappa, kappa, slopes, begin, begin + i)
      const row = (term * fidelities + fidelity[i]) * fidelities
      for (let k = 0; k < i; k++) matrix[begin + k] += b[row + fidelity[k]] * kappa[begin + k]
      matrix[begin + i] += b[row + fidelity[i]]
    }
  }

  /** Σᵢₖ Wᵢₖ dKᵢₖ/dφ with W = ½ (ααᵀ − K⁻¹), for all hyper-parameters φ. */
  #addGradient(
    state: GpState,
    factor: LowerFactor,
    alpha: Float64Array,
    gradient: Float64Array,
  ): void {
    const n = this.#size
    const weights = inverseFromCholesky(factor, this.#inverse)
    for (let i = 0; i < n; i++)
      for (let k = 0; k <= i; k++) {
        weights[i * n + k] = 0.5 * (alpha[i] * alpha[k] - weights[i * n + k])
      }
    const { meanByFidelity, places } = this.#specification
    const { fidelity } = this.#observations
    for (let i = 0; i < n; i++)
      gradient[places.mean + (meanByFidelity ? fidelity[i] : 0)] += alpha[i]
    this.#addNoiseSlopes(weights, gradient)
    this.#addFidelitySlopes(state, weights, gradient)
    for (let q = 0; q < this.#specification.fidelityKernel.terms; q++) {
      this.#addLengthSlopes(q, state, weights, gradient)
    }
  }

  #addNoiseSlopes(weights: Float64Array, gradient: Float64Array): void {
    const { fidelity, repeats } = this.#observations
    const { noiseByFidelity, places } = this.#specification
    for (let i = 0; i < this.#size; i++) {
      const place = places.noise + (noiseByFidelity ? fidelity[i] : 0)
      gradient[place] += weights[i * this.#size + i] / repeats[i]
    }
  }

  #addFidelitySlopes(state: GpState, weights: Float64Array, gradient: Float64Array): void {
    const { fidelityKernel, places } = this.#specification
    const { fidelities, terms, parameters } = fidelityKernel
    if (parameters.length === 0) return
    const length = terms * fidelities * fidelities
    const sums = new Float64Array(length)
    for (let q = 0; q < terms; q++) this.#addByFidelity(q, weights, sums)
    const slopes = new Float64Array(parameters.length * length)
    const own = state.values.subarray(places.fidelity, places.fidelity + parameters.length)
    fidelityKernel.evaluate(own, new Float64Array(length), slopes)
    for (let p = 0; p < parameters.length; p++)
      for (let i = 0; i < length; i++) {
        gradient[places.fidelity + p] += sums[i] * slopes[p * length + i]
      }
  }

  /** Σ W κ over the pairs of each two fidelities. */
  #addByFidelity(term: number, weights: Float64Array, sums: Float64Array): void {
    const n = this.#size
    const { fidelity } = this.#observations
    const { fidelities } = this.#specification.fidelityKernel
    const kappa = this.#values[term]
    const base = term * fidelities * fidelities
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) {
        const share = weights[i * n + k] * kappa[i * n + k]
        sums[base + fidelity[i] * fidelities + fidelity[k]] += share
        sums[base + fidelity[k] * fidelities + fidelity[i]] += share
      }
      sums[base + fidelity[i] * (fidelities + 1)] += weights[i * n + i]
    }
  }

  /** dκ/dℓⱼ = dκ/d(r²) · (−2) (xⱼ − x'ⱼ)² / ℓⱼ³. Overwrites the slopes. */
  #addLengthSlopes(
    term: number,
    state: GpState,
    weights: Float64Array,
    gradient: Float64Array,
  ): void {
    const n = this.#size
    const { points, fidelity } = this.#observations
    const { fidelityKernel, places } = this.#specification
    const { fidelities } = fidelityKernel
    const { columns } = points
    const shares = this.#slopes[term]
    for (let i = 0; i < n; i++) {
      const row = (term * fidelities + fidelity[i]) * fidelities
      for (let k = 0, at = i * n; k < i; k++, at++) {
        shares[at] *= weights[at] * state.b[row + fidelity[k]]
      }
    }
    const sums = weightedSquares(shares, scaledPoints(points, state.lengthScales, term), columns)
    const first = term * columns
    for (let j = 0; j < columns; j++) {
      const length = state.lengthScales[first + j]
      gradient[places.lengthScales + first + j] += (-4 * sums[j]) / length
    }
  }
}
