import { solveLower, solveLowerTransposed } from '../../linear-algebra/index.js'
import { priorVariances } from './covariance.js'
import { scaledPoints, squaredDistances } from './distances.js'
import type { InputMap } from './input-maps.js'
import { type GpGiven, type GpPosterior, LEAST_VARIANCE } from './posterior.js'

/** The noise-free score at one mixture and fidelity, as it is known, with its derivatives by the m weights. */
export interface GpSlopes {
  readonly mean: number
  /** Above 0; its derivatives are 0 where it is no more than rounding. */
  readonly deviation: number
  readonly meanByWeights: Float64Array
  readonly deviationByWeights: Float64Array
}

/** The scores of one mixture at two fidelities, with their covariance. */
export interface GpJointSlopes {
  readonly own: GpSlopes
  readonly target: GpSlopes
  readonly covariance: number
  readonly covarianceByWeights: Float64Array
}

/** A mixture before it is said at which fidelity it is: where it is and how it correlates with the n points. */
interface Site {
  readonly weights: Float64Array
  /** By term (d): its coordinates over their length-scales. */
  readonly scaled: readonly Float64Array[]
  /** By term (n): κ and dκ/d(r²). */
  readonly values: readonly Float64Array[]
  readonly slopes: readonly Float64Array[]
}

/** A site at a fidelity, with k its prior covariance with the n scores and K = L Lᵀ theirs. */
interface Conditioned {
  readonly fidelity: number
  /** L⁻¹ k. */
  readonly whitened: Float64Array
  /** K⁻¹ k. */
  readonly solved: Float64Array
}

/** Σᵢ factors[i] kᵢ of a site at a fidelity: what all derivatives are made of. */
interface Combination {
  readonly fidelity: number
  readonly factors: Float64Array
}

/**
 * A posterior as a function of the weights, with its gradient (Rasmussen and Williams 2006, eq. 2.25 and 2.26, differentiated), for
 * acquisition functions to climb. The weights need not sum to 1: each is taken as a variable of its own. It is that of the
 * posterior when it was made, and no longer valid when something is imagined or forgotten. Each mixture and fidelity costs two
 * triangular solves, n² multiplications.
 */
export class PosteriorGradient {
  readonly #posterior: GpPosterior
  readonly #map: InputMap
  readonly #given: GpGiven
  /** By term (n × d): the points over their length-scales. */
  readonly #scaled: readonly Float64Array[]
  /** K⁻¹ (values − mean). */
  readonly #alpha: Float64Array
  readonly #priorVariances: Float64Array
  /** By term and fidelity (n): B_q[m, mᵢ], the term's share in the covariance of that fidelity with the points. */
  readonly #shares: readonly (readonly Float64Array[])[]

  /** @param map by which weights become the coordinates of the posterior's points */
  constructor(posterior: GpPosterior, map: InputMap) {
    const { specification, state } = posterior
    this.#posterior = posterior
    this.#map = map
    this.#given = posterior.given
    this.#scaled = Array.from({ length: specification.fidelityKernel.terms }, (_, q) =>
      scaledPoints(this.#given.points, state.lengthScales, q),
    )
    this.#alpha = this.#given.whitened.slice()
    solveLowerTransposed(this.#given.factor, this.#alpha)
    this.#priorVariances = priorVariances(specification, state)
    const { fidelities, terms } = specification.fidelityKernel
    this.#shares = Array.from({ length: terms }, (_, q) =>
      Array.from({ length: fidelities }, (__, m) =>
        Float64Array.from(
          this.#given.fidelity,
          (own) => state.b[(q * fidelities + m) * fidelities + own],
        ),
      ),
    )
  }

  /** @param weights m */
  at(weights: Float64Array, fidelity: number): GpSlopes {
    const site = this.#siteOf(weights)
    return this.#slopesAt(site, this.#condition(site, fidelity))
  }

  /** The mean alone, without a solve: n d multiplications. */
  meanAt(weights: Float64Array, fidelity: number): Pick<GpSlopes, 'mean' | 'meanByWeights'> {
    const site = this.#siteOf(weights)
    const mean =
      this.#posterior.state.means[fidelity] + dot(this.#crossOf(site, fidelity), this.#alpha)
    return { mean, meanByWeights: this.#byWeights(site, [{ fidelity, factors: this.#alpha }]) }
  }

  /**
   * What a run at one fidelity and the score at the target have to do with each other.
   * @param target default: the last fidelity
   */
  jointly(
    weights: Float64Array,
    fidelity: number,
    target = this.#posterior.specification.fidelityKernel.fidelities - 1,
  ): GpJointSlopes {
    const site = this.#siteOf(weights)
    const one = this.#condition(site, fidelity)
    const other = fidelity === target ? one : this.#condition(site, target)
    const own = this.#slopesAt(site, one)
    return {
      own,
      target: other === one ? own : this.#slopesAt(site, other),
      covariance: this.#covariance(one, other),
      covarianceByWeights: this.#byWeights(site, [
        { fidelity, factors: other.solved.map((entry) => -entry) },
        { fidelity: target, factors: one.solved.map((entry) => -entry) },
      ]),
    }
  }

  #siteOf(weights: Float64Array): Site {
    const { specification, state } = this.#posterior
    const { kernel, coordinates } = specification
    const point = { data: new Float64Array(coordinates), rows: 1, columns: coordinates }
    this.#map.map(weights, point.data)
    const scaled = this.#scaled.map((_, q) => scaledPoints(point, state.lengthScales, q))
    const { rows } = this.#given.points
    const values = scaled.map(() => new Float64Array(rows))
    const slopes = scaled.map(() => new Float64Array(rows))
    scaled.forEach((own, q) => {
      squaredDistances(own, 0, this.#scaled[q], rows, coordinates, values[q], 0)
      kernel.evaluate(values[q], values[q], slopes[q], 0, rows)
    })
    return { weights, scaled, values, slopes }
  }

  /** k, the prior covariance of the site at a fidelity with the n scores. */
  #crossOf(site: Site, fidelity: number): Float64Array {
    const cross = new Float64Array(this.#given.points.rows)
    site.values.forEach((values, q) => {
      addProducts(this.#shares[q][fidelity], values, cross)
    })
    return cross
  }

  #condition(site: Site, fidelity: number): Conditioned {
    const whitened = this.#crossOf(site, fidelity)
    solveLower(this.#given.factor, whitened)
    const solved = whitened.slice()
    solveLowerTransposed(this.#given.factor, solved)
    return { fidelity, whitened, solved }
  }

  #slopesAt(site: Site, { fidelity, whitened, solved }: Conditioned): GpSlopes {
    const variance = this.#priorVariances[fidelity] - dot(whitened, whitened)
    const deviation = Math.sqrt(Math.max(LEAST_VARIANCE, variance))
    const factors = solved.map((entry) => (variance > LEAST_VARIANCE ? -entry / deviation : 0))
    return {
      mean: this.#posterior.state.means[fidelity] + dot(whitened, this.#given.whitened),
      deviation,
      meanByWeights: this.#byWeights(site, [{ fidelity, factors: this.#alpha }]),
      deviationByWeights: this.#byWeights(site, [{ fidelity, factors }]),
    }
  }

  #covariance(one: Conditioned, other: Conditioned): number {
    const { specification, state } = this.#posterior
    const { fidelities, terms } = specification.fidelityKernel
    let prior = 0
    for (let q = 0; q < terms; q++) {
      prior += state.b[(q * fidelities + one.fidelity) * fidelities + other.fidelity]
    }
    return prior - dot(one.whitened, other.whitened)
  }

  /** The derivatives by the weights of a sum of combinations: dκ(r²)/dxⱼ = 2 dκ/d(r²) (xⱼ − xᵢⱼ)/ℓⱼ². */
  #byWeights(site: Site, combinations: readonly Combination[]): Float64Array {
    const { lengthScales } = this.#posterior.state
    const { coordinates } = this.#posterior.specification
    const byCoordinates = new Float64Array(coordinates)
    site.slopes.forEach((slopes, q) => {
      const shares = new Float64Array(slopes.length)
      for (const { fidelity, factors } of combinations) {
        addProducts(this.#shares[q][fidelity], factors, shares)
      }
      for (let i = 0; i < shares.length; i++) shares[i] *= 2 * slopes[i]
      const sums = weightedDifferences(site.scaled[q], this.#scaled[q], shares)
      for (let j = 0; j < coordinates; j++) {
        byCoordinates[j] += sums[j] / lengthScales[q * coordinates + j]
      }
    })
    const byWeights = new Float64Array(site.weights.length)
    this.#map.pullBack(site.weights, byCoordinates, byWeights)
    return byWeights
  }
}

/** Σᵢ shares[i] (point − rowᵢ), of rows (n × d). */
function weightedDifferences(
  point: Float64Array,
  rows: Float64Array,
  shares: Float64Array,
): Float64Array {
  const sums = new Float64Array(point.length)
  for (let i = 0, at = 0; i < shares.length; i++) {
    const share = shares[i]
    for (let j = 0; j < sums.length; j++, at++) sums[j] += share * (point[j] - rows[at])
  }
  return sums
}

function addProducts(one: Float64Array, other: Float64Array, out: Float64Array): void {
  for (let i = 0; i < out.length; i++) out[i] += one[i] * other[i]
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0
  for (let i = 0; i < one.length; i++) sum += one[i] * other[i]
  return sum
}
