/** A Gaussian process over mixtures and fidelities: kernels, priors, fit, posterior. */

export type { GpPoints, GpState } from './covariance.js'
export { ar1, type FidelityKernel, icm, linearTruncated, single } from './fidelity-kernels.js'
export { fitGp, type GpFit, type GpFitOptions } from './fit.js'
export { ILR, type InputMap, mapRows, minMax, RAW, SQRT } from './input-maps.js'
export { LogPosterior } from './log-posterior.js'
export { MATERN_5_2, MIXTURE_KERNELS, type MixtureKernel, RBF } from './mixture-kernels.js'
export { aggregateRepeats, type GpObservations } from './observations.js'
export type { Hyperparameter } from './parameters.js'
export { GpPosterior, type GpProjection } from './posterior.js'
export { correlationPrior, gamma, logNormal, type Prior } from './priors.js'
export { dimensionScaled, type GpChoice, type GpSpecification, specifyGp } from './specification.js'
export { type Standardisation, standardisationOf, standardise } from './standardisation.js'
