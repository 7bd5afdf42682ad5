import {
  erfcx,
  inverseMillsRatio,
  logNormalCdf,
  meanShortfall,
  normalQuantile,
} from '../normal-distribution.js'
import type { Rng } from '../random.js'

/** Gumbel distribution of a maximum: F(y) = exp(−exp(−(y − location)/scale)). */
export interface GumbelApproximation {
  readonly location: number
  /** ≥ 0; 0 when the maximum is known. */
  readonly scale: number
}

/**
 * Entropy, in nats, that f ~ N(μ, σ²) loses on learning that f ≤ y*, for γ = (y* − μ)/σ:
 * γ φ(γ)/(2 Φ(γ)) − ln Φ(γ). Falls from Infinity to 0. Wang and Jegelka (2017), Max-value entropy
 * search for efficient Bayesian optimization, equation 6. NaN gives NaN.
 */
export function truncationEntropy(gamma: number): number {
  if (gamma > 0) return 0.5 * gamma * inverseMillsRatio(gamma) - logNormalCdf(gamma)
  if (gamma === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY
  // γ²/2 taken out of both terms, which would cancel.
  return 0.5 * gamma * meanShortfall(gamma) - Math.log(0.5 * erfcx(-gamma * Math.SQRT1_2))
}

/**
 * Max-value entropy search: information, in nats, that a noise-free value with posterior
 * N(mean, sd²) gives about the maximum, averaged over sampled maxima. Wang and Jegelka (2017).
 * @param sd ≥ 0; 0 gives 0, as there is nothing to learn
 * @param maxima K ≥ 1 samples of the maximum, as `sampleMaxima` draws them
 * @throws RangeError when a number is NaN, sd < 0 or there is no sample
 */
export function maxValueEntropy(mean: number, sd: number, maxima: ArrayLike<number>): number {
  if (sd === 0) return 0
  let sum = 0
  for (let k = 0; k < maxima.length; k++) sum += truncationEntropy((maxima[k] - mean) / sd)
  if (!(sd > 0 && maxima.length > 0) || Number.isNaN(sum)) {
    throw new RangeError(
      `no entropy follows from mean ${mean}, sd ${sd} and ${maxima.length} maxima`,
    )
  }
  return sum / maxima.length
}

/**
 * Draws the maximum of independent normal variables from its Gumbel approximation.
 * @param means of the candidates, at the target fidelity; more than the observed points, or the
 *   maximum is taken for too small
 * @param sds of the candidates, ≥ 0
 * @param count how many to draw
 * @param options `atLeast` raises smaller draws to it: the largest posterior mean of an observed
 *   point plus 1e-6 keeps information non-negative
 * @throws RangeError as `gumbelApproximation`
 */
export function sampleMaxima(
  means: ArrayLike<number>,
  sds: ArrayLike<number>,
  count: number,
  rng: Rng,
  options: { atLeast?: number } = {},
): Float64Array {
  const { location, scale } = gumbelApproximation(means, sds)
  const atLeast = options.atLeast ?? Number.NEGATIVE_INFINITY
  return Float64Array.from({ length: count }, () =>
    Math.max(location - scale * Math.log(-Math.log(rng.uniformOpen())), atLeast),
  )
}

/**
 * The Gumbel distribution with the median and the interquartile range of the maximum of independent
 * normal variables. Wang and Jegelka (2017), section 3.1.
 * @param means of m ≥ 1 variables, finite
 * @param sds their standard deviations, finite and ≥ 0
 * @throws RangeError when the lengths differ, there is no variable or a number is outside its range
 */
export function gumbelApproximation(
  means: ArrayLike<number>,
  sds: ArrayLike<number>,
): GumbelApproximation {
  const lower = maximumQuantile(means, sds, 0.25)
  const median = maximumQuantile(means, sds, 0.5, lower)
  const upper = maximumQuantile(means, sds, 0.75, median)
  const scale = (upper - lower) / (Math.log(Math.log(4)) - Math.log(Math.log(4 / 3)))
  return { location: median + scale * Math.log(Math.LN2), scale }
}

/**
 * Quantile of the maximum of independent normal variables: y with Σ ln Φ((y − mean)/sd) =
 * ln(probability).
 * @param probability in (0, 1)
 * @param from a quantile of a smaller probability, from where the search is shorter
 * @throws RangeError as `gumbelApproximation`, or when the probability is outside its range
 */
export function maximumQuantile(
  means: ArrayLike<number>,
  sds: ArrayLike<number>,
  probability: number,
  from = Number.NEGATIVE_INFINITY,
): number {
  requireVariables(means, sds)
  if (!(probability > 0 && probability < 1)) {
    throw new RangeError(`the probability of a quantile is ${probability}`)
  }
  const quantile = normalQuantile(probability)
  let y = from
  for (let i = 0; i < means.length; i++) y = Math.max(y, means[i] + sds[i] * quantile)
  return climbToQuantile(means, sds, Math.log(probability), y)
}

/**
 * Newton's method on ln F, which is concave: from below it climbs to the quantile and never
 * oversteps it.
 */
function climbToQuantile(
  means: ArrayLike<number>,
  sds: ArrayLike<number>,
  logProbability: number,
  start: number,
): number {
  let y = start
  for (let step = 0; step < 100; step++) {
    let excess = -logProbability
    let slope = 0
    for (let i = 0; i < means.length; i++) {
      const z = (y - means[i]) / sds[i]
      // Further out ln Φ is below the rounding of the sum; a known value (sd = 0) is below y.
      if (!(z < 9)) continue
      excess += logNormalCdf(z)
      slope += inverseMillsRatio(z) / sds[i]
    }
    const next = y - excess / slope
    if (!(next - y > 1e-15 * Math.abs(y))) break
    y = next
  }
  return y
}

function requireVariables(means: ArrayLike<number>, sds: ArrayLike<number>): void {
  if (means.length === 0 || means.length !== sds.length) {
    throw new RangeError(`expected as many means as sds, got ${means.length} and ${sds.length}`)
  }
  for (let i = 0; i < means.length; i++) {
    if (!(Number.isFinite(means[i]) && sds[i] >= 0 && sds[i] < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`variable ${i} has mean ${means[i]} and sd ${sds[i]}`)
    }
  }
}
