import { logExpectedImprovementGradient, type MixtureObjective } from '../../acquisition/index.js'
import { inverseMillsRatio, meanShortfall } from '../../normal-distribution.js'
import { type GpJointSlopes, PosteriorGradient } from '../../surrogates/gaussian-process/index.js'
import { type Model, noiseAt } from './model.js'

/** ln E[improvement at the target] upon a score, as a function of the mixture, with the trials under way at their means. */
export function improvementObjective(model: Model, best: number): MixtureObjective {
  const posterior = new PosteriorGradient(model.posterior, model.map)
  return (weights, gradient) => {
    const { mean, deviation, meanByWeights, deviationByWeights } = posterior.at(
      weights,
      model.target,
    )
    const { value, byMean, bySd } = logExpectedImprovementGradient(mean, deviation, best)
    for (let j = 0; j < gradient.length; j++) {
      gradient[j] = byMean * meanByWeights[j] + bySd * deviationByWeights[j]
    }
    return value
  }
}

/** The posterior mean at the target. */
export function meanObjective(model: Model): MixtureObjective {
  const posterior = new PosteriorGradient(model.posterior, model.map)
  return (weights, gradient) => {
    const { mean, meanByWeights } = posterior.meanAt(weights, model.target)
    gradient.set(meanByWeights)
    return mean
  }
}

/**
 * ln of the information that a run at a fidelity gives about the best score, by its lower bound −½ ln(1 − ρ² R(γ)(γ + R(γ))) with
 * R = φ/Φ (Moss et al. 2021, GIBBON), which has a simple gradient.
 * @param maxima samples of the best score
 */
export function informationObjective(
  model: Model,
  fidelity: number,
  maxima: Float64Array,
): MixtureObjective {
  const posterior = new PosteriorGradient(model.posterior, model.map)
  const noise = noiseAt(model, fidelity)
  return (weights, gradient) => {
    const joint = posterior.jointly(weights, fidelity)
    gradient.fill(0)
    let sum = 0
    for (const best of maxima) sum += addBound(joint, noise, best, gradient)
    // Further off than double precision reaches: nothing to climb by.
    if (sum === 0) return Number.NEGATIVE_INFINITY
    for (let j = 0; j < gradient.length; j++) gradient[j] /= sum
    return Math.log(sum / maxima.length)
  }
}

/** Adds the gradient of one sample's bound. */
function addBound(
  { own, target, covariance, covarianceByWeights }: GpJointSlopes,
  noise: number,
  best: number,
  gradient: Float64Array,
): number {
  const observed = Math.sqrt(own.deviation ** 2 + noise)
  const rho = covariance / (observed * target.deviation)
  const gamma = (best - target.mean) / target.deviation
  const mills = inverseMillsRatio(gamma)
  const excess = meanShortfall(gamma)
  const reduction = mills * excess
  const lost = rho * rho * reduction
  const left = 1 - lost
  const byRho = (rho * reduction) / left
  const byGamma = (0.5 * rho * rho * (mills * (1 - reduction) - reduction * excess)) / left
  for (let j = 0; j < gradient.length; j++) {
    const ofTarget = target.deviationByWeights[j] / target.deviation
    const ofObserved = (own.deviation * own.deviationByWeights[j]) / observed ** 2
    const rhoSlope =
      covarianceByWeights[j] / (observed * target.deviation) - rho * (ofTarget + ofObserved)
    const gammaSlope = -target.meanByWeights[j] / target.deviation - gamma * ofTarget
    gradient[j] += byRho * rhoSlope + byGamma * gammaSlope
  }
  return -0.5 * Math.log1p(-lost)
}
