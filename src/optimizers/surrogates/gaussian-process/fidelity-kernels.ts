import type { Hyperparameter } from './parameters.js'
import { correlationPrior, gamma, type Prior } from './priors.js'

/**
 * How scores at different fidelities belong together: the covariance of (x, m) and (x', m') is Σ_q B_q[m, m'] κ_q(x, x'), a sum
 * of terms with length-scales of their own. Fidelities are numbered from the cheapest, 0, to the target, M − 1.
 */
export interface FidelityKernel {
  readonly name: 'single' | 'icm' | 'ar1' | 'linear-truncated'
  /** M. */
  readonly fidelities: number
  readonly terms: number
  readonly parameters: readonly Hyperparameter[]
  /** For each term the prior of its length-scales where they are not the model's own. */
  readonly lengthScalePriors?: readonly Prior[]
  /**
   * Writes B (terms × M × M) and, where wanted, its derivatives by the parameters (parameters × terms × M × M).
   * @param values of the parameters
   */
  evaluate(values: ArrayLike<number>, b: Float64Array, slopes?: Float64Array): void
}

/** One fidelity, of variance 1: scores are standardised. */
export function single(): FidelityKernel {
  return {
    name: 'single',
    fidelities: 1,
    terms: 1,
    parameters: [],
    evaluate(_values, b) {
      b[0] = 1
    },
  }
}

const MOST_CORRELATED = 0.999

/**
 * Intrinsic coregionalisation with a free correlation for each pair of fidelities, all of variance 1 (Bonilla, Chai and Williams
 * 2008). The parameters are partial correlations, so that every choice of them is a correlation matrix (Lewandowski, Kurowicka
 * and Joe 2009, §2.2); those with the target are its plain correlations.
 */
export function icm(fidelities: number): FidelityKernel {
  const pairs = pairsFromTarget(fidelities)
  return {
    name: 'icm',
    fidelities,
    terms: 1,
    parameters: pairs.map(([i, j]) => ({
      name: `correlation ${fidelities - 1 - i} ${fidelities - 1 - j}`,
      scale: 'correlation' as const,
      lower: -MOST_CORRELATED,
      upper: MOST_CORRELATED,
      start: 0.7,
      prior: correlationPrior(0.7, 0.6),
    })),
    evaluate(values, b, slopes) {
      const factor = partialFactor(pairs, values, fidelities)
      productInto(factor, factor, fidelities, b, 0)
      if (!slopes) return
      pairs.forEach((pair, p) => {
        const change = factorSlope(pairs, values, fidelities, factor, pair)
        const at = p * fidelities * fidelities
        slopes.fill(0, at, at + fidelities * fidelities)
        productInto(change, factor, fidelities, slopes, at)
        productInto(factor, change, fidelities, slopes, at, true)
      })
    },
  }
}

/** (i, j), j < i, counted from the target as 0. */
function pairsFromTarget(fidelities: number): [number, number][] {
  const pairs: [number, number][] = []
  for (let i = 1; i < fidelities; i++) for (let j = 0; j < i; j++) pairs.push([i, j])
  return pairs
}

/** Lower factor (M × M, target first) of the correlation matrix with these partial correlations. */
function partialFactor(
  pairs: readonly [number, number][],
  values: ArrayLike<number>,
  size: number,
): Float64Array {
  const factor = new Float64Array(size * size)
  const left = new Float64Array(size).fill(1)
  pairs.forEach(([i, j], p) => {
    const entry = values[p] * Math.sqrt(left[i])
    factor[i * size + j] = entry
    left[i] -= entry * entry
  })
  for (let i = 0; i < size; i++) factor[i * size + i] = Math.sqrt(left[i])
  return factor
}

/** The factor's derivative by the partial correlation of one pair: only that row changes, from that column on. */
function factorSlope(
  pairs: readonly [number, number][],
  values: ArrayLike<number>,
  size: number,
  factor: Float64Array,
  [row, column]: readonly [number, number],
): Float64Array {
  const slope = new Float64Array(size * size)
  let left = 1
  let leftSlope = 0
  for (let j = 0; j <= row; j++) {
    const root = Math.sqrt(left)
    const rootSlope = leftSlope / (2 * root)
    const p = pairs.findIndex(([a, b]) => a === row && b === j)
    const partial = j === row ? 1 : values[p]
    slope[row * size + j] = partial * rootSlope + (j === column ? root : 0)
    const entry = factor[row * size + j]
    left -= entry * entry
    leftSlope -= 2 * entry * slope[row * size + j]
  }
  return slope
}

/** Adds A·Bᵀ, or writes it, with fidelities counted from the cheapest again. */
function productInto(
  a: Float64Array,
  b: Float64Array,
  size: number,
  out: Float64Array,
  at: number,
  adds = false,
): void {
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      let sum = 0
      for (let k = 0; k < size; k++) sum += a[i * size + k] * b[j * size + k]
      const place = at + (size - 1 - i) * size + (size - 1 - j)
      out[place] = adds ? out[place] + sum : sum
    }
}

/**
 * Kennedy and O'Hagan (2000): f_m = ρ_m f_(m−1) + δ_m, with δ_0 of variance 1 and δ_m of variance θ_m. Term q is δ_q, which
 * fidelities from q on see, scaled by the ρ on the way.
 */
export function ar1(fidelities: number): FidelityKernel {
  const steps = Array.from({ length: fidelities - 1 }, (_, m) => m + 1)
  const scaling = steps.map((m) => ({
    name: `scaling ${m}`,
    scale: 'linear' as const,
    lower: -5,
    upper: 5,
    start: 0.8,
  }))
  const deviation = steps.map((m) => ({
    name: `deviation ${m}`,
    scale: 'log' as const,
    lower: 1e-4,
    upper: 10,
    start: 0.3,
    prior: gamma(1.5, 2),
  }))
  return {
    name: 'ar1',
    fidelities,
    terms: fidelities,
    parameters: [...scaling, ...deviation],
    evaluate(values, b, slopes) {
      b.fill(0)
      slopes?.fill(0)
      for (let q = 0; q < fidelities; q++) addDeviation(q, fidelities, values, b, slopes)
    },
  }
}

function addDeviation(
  q: number,
  size: number,
  values: ArrayLike<number>,
  b: Float64Array,
  slopes: Float64Array | undefined,
): void {
  const seen = scalingsFrom(q, size, values)
  const variance = q === 0 ? 1 : values[size - 1 + q - 1]
  const length = size * size * size
  for (let m = q; m < size; m++)
    for (let k = q; k < size; k++) {
      const place = (q * size + m) * size + k
      b[place] = variance * seen[m] * seen[k]
      if (!slopes) continue
      if (q > 0) slopes[(size - 1 + q - 1) * length + place] = seen[m] * seen[k]
      for (let step = q + 1; step < size; step++) {
        const own = (end: number) => (end < step ? 0 : withoutStep(q, end, step, values))
        slopes[(step - 1) * length + place] = variance * (own(m) * seen[k] + seen[m] * own(k))
      }
    }
}

/** By fidelity the product of the ρ from q on. */
function scalingsFrom(q: number, size: number, values: ArrayLike<number>): Float64Array {
  const seen = new Float64Array(size)
  seen[q] = 1
  for (let m = q + 1; m < size; m++) seen[m] = seen[m - 1] * values[m - 1]
  return seen
}

/** The product of the ρ after q up to `end`, but for one. */
function withoutStep(q: number, end: number, step: number, values: ArrayLike<number>): number {
  let product = 1
  for (let m = q + 1; m <= end; m++) if (m !== step) product *= values[m - 1]
  return product
}

/**
 * The kernel as ADMIRE's program has it, for replication: θ [κ_U + b κ_B], b = (1 − s)(1 − s')(1 + s s')^p, over the coordinate s of
 * the fidelity in (0, 1], 1 at the target (arXiv 2508.11551, as released). Bias and signal share one amplitude, so that it can express neither a
 * negative nor a vanishing correlation between scales.
 * @param coordinates s by fidelity, ascending to 1
 */
export function linearTruncated(coordinates: readonly number[]): FidelityKernel {
  const size = coordinates.length
  return {
    name: 'linear-truncated',
    fidelities: size,
    terms: 2,
    parameters: [
      {
        name: 'output scale',
        scale: 'log',
        lower: 1e-5,
        upper: 1e5,
        start: Math.LN2,
        prior: gamma(2, 0.15),
      },
      { name: 'power', scale: 'log', lower: 1e-5, upper: 1e5, start: Math.LN2, prior: gamma(3, 3) },
    ],
    lengthScalePriors: [gamma(3, 6), gamma(6, 2)],
    evaluate([scale, power]: number[], b, slopes) {
      const half = size * size
      for (let m = 0; m < size; m++)
        for (let k = 0; k < size; k++) {
          const [s, other] = [coordinates[m], coordinates[k]]
          const base = 1 + s * other
          const bias = (1 - s) * (1 - other) * base ** power
          const place = m * size + k
          b[place] = scale
          b[half + place] = scale * bias
          slopes?.set([1], place)
          slopes?.set([bias], half + place)
          slopes?.set([0], 2 * half + place)
          slopes?.set([scale * bias * Math.log(base)], 3 * half + place)
        }
    },
  }
}
