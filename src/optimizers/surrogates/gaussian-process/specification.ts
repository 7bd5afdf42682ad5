import type { FidelityKernel } from './fidelity-kernels.js'
import type { MixtureKernel } from './mixture-kernels.js'
import type { Hyperparameter } from './parameters.js'
import { logNormal, normal, type Prior } from './priors.js'

/** What a Gaussian process is made of, and where its hyper-parameters stand in the vector that is fitted. */
export interface GpSpecification {
  readonly kernel: MixtureKernel
  readonly fidelityKernel: FidelityKernel
  /** d, of the mixtures as the kernel sees them. */
  readonly coordinates: number
  /** Whether each fidelity has a mean of its own. */
  readonly meanByFidelity: boolean
  /** Whether each fidelity has a noise of its own. */
  readonly noiseByFidelity: boolean
  /** In this order: means, noise variances, those of the fidelity kernel, length-scales (term by term). */
  readonly parameters: readonly Hyperparameter[]
  readonly places: {
    readonly mean: number
    readonly noise: number
    readonly fidelity: number
    readonly lengthScales: number
  }
}

export interface GpChoice {
  kernel: MixtureKernel
  fidelityKernel: FidelityKernel
  coordinates: number
  /**
   * Default false: one mean, of which nothing is known beforehand. Means of their own have the prior Normal(0, 3²), for standardised
   * scores: where only mixtures that look good are run at a fidelity, the mean of their scores is not its mean.
   */
  meanByFidelity?: boolean
  /** Default true. */
  noiseByFidelity?: boolean
  /** Default: dimension-scaled, see `dimensionScaled`. */
  lengthScalePrior?: Prior
  /** Of each noise variance. Default LogNormal(−4, 1), for scores of variance 1. */
  noisePrior?: Prior
}

const LEAST_NOISE = 1e-4
const LEAST_LENGTH = 0.025
const MOST_LENGTH = 1e3

/**
 * The more coordinates, the longer: LogNormal(√2 + ½ ln d, √3), by which the typical correlation of two points does not vanish with
 * d (Hvarfner, Hellsten and Nardi 2024). For coordinates within [0, 1].
 */
export const dimensionScaled = (coordinates: number): Prior =>
  logNormal(Math.SQRT2 + 0.5 * Math.log(coordinates), Math.sqrt(3))

export function specifyGp(choice: GpChoice): GpSpecification {
  const { kernel, fidelityKernel, coordinates } = choice
  const { meanByFidelity = false, noiseByFidelity = true } = choice
  const noises = noiseByFidelity ? fidelityKernel.fidelities : 1
  const noisePrior = choice.noisePrior ?? logNormal(-4, 1)
  const noise = Array.from({ length: noises }, (_, m) => ({
    name: noiseByFidelity ? `noise ${m}` : 'noise',
    scale: 'log' as const,
    lower: LEAST_NOISE,
    upper: 1e3,
    start: Math.max(LEAST_NOISE, noisePrior.start),
    prior: noisePrior,
  }))
  const own = choice.lengthScalePrior ?? dimensionScaled(coordinates)
  const lengthScales = Array.from({ length: fidelityKernel.terms }, (_, q) =>
    lengthScalesOf(q, coordinates, fidelityKernel.lengthScalePriors?.[q] ?? own),
  ).flat()
  const means = meanByFidelity
    ? Array.from({ length: fidelityKernel.fidelities }, (_, m) => ({
        ...MEAN,
        name: `mean ${m}`,
        prior: normal(0, 3),
      }))
    : [MEAN]
  const fidelity = means.length + noises
  return {
    kernel,
    fidelityKernel,
    coordinates,
    meanByFidelity,
    noiseByFidelity,
    parameters: [...means, ...noise, ...fidelityKernel.parameters, ...lengthScales],
    places: {
      mean: 0,
      noise: means.length,
      fidelity,
      lengthScales: fidelity + fidelityKernel.parameters.length,
    },
  }
}

const MEAN: Hyperparameter = {
  name: 'mean',
  scale: 'linear',
  lower: Number.NEGATIVE_INFINITY,
  upper: Number.POSITIVE_INFINITY,
  start: 0,
}

function lengthScalesOf(term: number, coordinates: number, prior: Prior): Hyperparameter[] {
  return Array.from({ length: coordinates }, (_, j) => ({
    name: `length-scale ${term} ${j}`,
    scale: 'log' as const,
    lower: LEAST_LENGTH,
    upper: MOST_LENGTH,
    start: prior.start,
    prior,
  }))
}
