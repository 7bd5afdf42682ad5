import type { Rng } from '../../random.js'
import type { Prior } from './priors.js'

/** A hyper-parameter of a Gaussian process, and how its fit looks for it. */
export interface Hyperparameter {
  /** For people and tests, for instance `length-scale 3`. */
  name: string
  /** `log`: positive, sought by its logarithm. `correlation`: in (−1, 1), by its artanh. `linear`: as it is. */
  scale: 'log' | 'correlation' | 'linear'
  /** In the parameter's own unit; infinite where there is none. */
  lower: number
  upper: number
  start: number
  /** Undefined: every value is as good as another beforehand. */
  prior?: Prior
}

const SCALES = {
  log: { to: Math.log, from: Math.exp, slope: (value: number) => value },
  correlation: { to: Math.atanh, from: Math.tanh, slope: (value: number) => 1 - value * value },
  linear: { to: Number, from: Number, slope: () => 1 },
} as const

/** What the minimiser sees of a value. */
export const toSearch = ({ scale }: Hyperparameter, value: number): number =>
  SCALES[scale].to(value)

export const fromSearch = ({ scale }: Hyperparameter, sought: number): number =>
  SCALES[scale].from(sought)

/** d value / d sought. */
export const searchSlope = ({ scale }: Hyperparameter, value: number): number =>
  SCALES[scale].slope(value)

/** A draw from the prior within the bounds; the start where there is no prior. */
export function drawStart({ prior, lower, upper, start }: Hyperparameter, rng: Rng): number {
  if (!prior) return start
  return Math.min(upper, Math.max(lower, prior.sample(rng)))
}

/** Σ ln p(value) over the parameters with a prior; adds the derivatives to `gradient`. */
export function addLogPriors(
  parameters: readonly Hyperparameter[],
  values: Float64Array,
  gradient: Float64Array,
): number {
  let total = 0
  parameters.forEach(({ prior }, i) => {
    if (!prior) return
    total += prior.logDensity(values[i])
    gradient[i] += prior.slope(values[i])
  })
  return total
}
