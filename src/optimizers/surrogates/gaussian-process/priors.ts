import { logGammaVariate } from '../../gamma-variate.js'
import type { Rng } from '../../random.js'

/** The prior of one hyper-parameter, as a density over the parameter itself (not over its logarithm). */
export interface Prior {
  /** ln p(x), for x where the density is above 0. */
  logDensity(x: number): number
  /** d ln p / dx. */
  slope(x: number): number
  /** Where a fit begins: near the largest density. */
  readonly start: number
  sample(rng: Rng): number
}

/** ln X ~ Normal(location, spread²). A fit begins at the mode. */
export function logNormal(location: number, spread: number): Prior {
  const offset = Math.log(spread * Math.sqrt(2 * Math.PI))
  return {
    logDensity(x) {
      const z = (Math.log(x) - location) / spread
      return -Math.log(x) - 0.5 * z * z - offset
    },
    slope: (x) => -(1 + (Math.log(x) - location) / spread ** 2) / x,
    start: Math.exp(location - spread ** 2),
    sample: (rng) => Math.exp(location + spread * rng.normal()),
  }
}

export function normal(location: number, spread: number): Prior {
  const offset = Math.log(spread * Math.sqrt(2 * Math.PI))
  return {
    logDensity: (x) => -0.5 * ((x - location) / spread) ** 2 - offset,
    slope: (x) => -(x - location) / spread ** 2,
    start: location,
    sample: (rng) => location + spread * rng.normal(),
  }
}

/** Density ∝ x^(shape − 1) e^(−rate·x), shape > 1. A fit begins at the mode. */
export function gamma(shape: number, rate: number): Prior {
  if (!(shape > 1)) throw new RangeError(`the shape must be above 1, not ${shape}`)
  const offset = shape * Math.log(rate) - logGamma(shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  return {
    logDensity: (x) => (shape - 1) * Math.log(x) - rate * x + offset,
    slope: (x) => (shape - 1) / x - rate,
    start: (shape - 1) / rate,
    sample: (rng) => Math.exp(logGammaVariate(d, c, rng)) / rate,
  }
}

/** ln Γ(x) for x > 0: Stirling's series after shifting x beyond 10 (Abramowitz and Stegun 6.1.41). */
function logGamma(x: number): number {
  let shift = 0
  let y = x
  for (; y < 10; y++) shift += Math.log(y)
  const inverse = 1 / y
  const square = inverse * inverse
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - shift
}

/** A correlation in (−1, 1) whose Fisher transform artanh(x) ~ Normal(artanh(centre), spread²). */
export function correlationPrior(centre: number, spread: number): Prior {
  const location = Math.atanh(centre)
  const offset = Math.log(spread * Math.sqrt(2 * Math.PI))
  return {
    logDensity(x) {
      const z = (Math.atanh(x) - location) / spread
      return -0.5 * z * z - Math.log1p(-x * x) - offset
    },
    slope(x) {
      const z = (Math.atanh(x) - location) / spread
      return (2 * x - z / spread) / (1 - x * x)
    },
    start: centre,
    sample: (rng) => Math.tanh(location + spread * rng.normal()),
  }
}
