import {
  informationGain,
  logExpectedImprovement,
  logKnowledgeGradient,
  sampleMaxima,
} from '../../acquisition/index.js'
import { LogSum } from '../../acquisition/log-sum.js'
import type { Rng } from '../../random.js'
import { type RowMatrix, selectRows } from '../../row-matrix.js'
import type { GpProjection } from '../../surrogates/gaussian-process/index.js'
import { noiseAt, pointsOf } from './model.js'
import { logNoisyImprovement } from './noisy-improvement.js'
import { baselineAtTarget, meansUnder, type Outlook } from './outlook.js'
import type { AdmireParams } from './params.js'

/** Runs that could be made: mixtures, each at a fidelity of the model. */
export interface Choices {
  /** (k × m). */
  readonly weights: RowMatrix
  /** k. */
  readonly fidelity: Int32Array
}

/** What is known of the choices: of their own scores, and of the same mixtures' at the target. */
interface Projected {
  own: GpProjection
  atTarget: GpProjection
}

/** Alternatives whose best mean the knowledge gradient is about. */
const MOST_ALTERNATIVES = 300

/**
 * How much each choice promises for its cost, as a logarithm: comparable within one call. −Infinity where nothing is to be gained.
 * @param mixtures (· × m) among which the best score at the target is sought, for the entropy of its value
 */
export function logUtilities(
  outlook: Outlook,
  choices: Choices,
  mixtures: RowMatrix,
  params: AdmireParams,
  rng: Rng,
): Float64Array {
  const { model, situation } = outlook
  const several = model.target > 0
  const acquisition =
    params.acquisition === 'auto' ? (several ? 'max-value-entropy' : 'log-ei') : params.acquisition
  const projected = project(outlook, choices)
  const utilities = () => {
    switch (acquisition) {
      case 'log-ei':
        return logImprovement(outlook, projected.atTarget)
      case 'log-noisy-ei':
        return logNoisyImprovement(outlook, projected.atTarget, rng.fork('noisy'))
      case 'knowledge-gradient':
        return logKnowledge(outlook, choices, projected, mixtures)
      case 'max-value-entropy':
        return logInformation(outlook, choices, projected, mixtures, params, rng.fork('maxima'))
    }
  }
  const target = situation.costs[model.target] || 1
  const costs = situation.costs.map((cost) => Math.log(cost + params.overhead * target))
  return utilities().map((utility, k) => utility - (several ? costs[choices.fidelity[k]] : 0))
}

function project({ model }: Outlook, { weights, fidelity }: Choices): Projected {
  const own = model.posterior.at(pointsOf(model, weights, fidelity))
  const isTarget = fidelity.every((m) => m === model.target)
  const atTarget = isTarget ? own : model.posterior.at(pointsOf(model, weights, model.target))
  return { own, atTarget }
}

/** ln E[improvement at the target] upon the best mean of what was run there, over the fantasies (Ament et al. 2023). */
export function logImprovement(outlook: Outlook, atTarget: GpProjection): Float64Array {
  const baseline = baselineAtTarget(outlook)
  const sums = Array.from(atTarget.means, () => new LogSum())
  outlook.fantasies.forEach((_, f) => {
    const best = meansUnder(outlook, baseline, f).reduce((a, b) => Math.max(a, b))
    const means = meansUnder(outlook, atTarget, f)
    sums.forEach((sum, k) => {
      sum.add(logExpectedImprovement(means[k], atTarget.deviations[k], best))
    })
  })
  const count = Math.log(outlook.fantasies.length)
  return Float64Array.from(sums, ({ value }) => value - count)
}

/** ln of the information about the best score at the target (Takeno et al. 2020), over fantasies and samples of that score. */
function logInformation(
  outlook: Outlook,
  { fidelity }: Choices,
  { own, atTarget }: Projected,
  mixtures: RowMatrix,
  { maxima }: AdmireParams,
  rng: Rng,
): Float64Array {
  const { model, fantasies } = outlook
  const covariances = own === atTarget ? undefined : model.posterior.pairedCovariance(own, atTarget)
  const sought = model.posterior.at(pointsOf(model, mixtures, model.target))
  const baseline = baselineAtTarget(outlook)
  const each = Math.max(1, Math.round(maxima / fantasies.length))
  const sums = new Float64Array(fidelity.length)
  fantasies.forEach((_, f) => {
    const best = meansUnder(outlook, baseline, f).reduce((a, b) => Math.max(a, b))
    const drawn = sampleMaxima(
      meansUnder(outlook, sought, f),
      sought.deviations,
      each,
      rng.fork('fantasy', f),
      {
        atLeast: best + 1e-6,
      },
    )
    const means = meansUnder(outlook, atTarget, f)
    for (let k = 0; k < sums.length; k++) {
      const variance = own.deviations[k] ** 2
      const observed = Math.sqrt(variance + noiseAt(model, fidelity[k]))
      const covariance = covariances ? covariances[k] : variance
      sums[k] += informationGain(means[k], atTarget.deviations[k], observed, covariance, drawn)
    }
  })
  return sums.map((sum) => Math.log(sum / fantasies.length))
}

/** ln of how much the best mean at the target is expected to rise (Frazier et al. 2009), over the fantasies. */
function logKnowledge(
  outlook: Outlook,
  { fidelity }: Choices,
  { own, atTarget }: Projected,
  mixtures: RowMatrix,
): Float64Array {
  const { model } = outlook
  const { means } = model.posterior.at(pointsOf(model, mixtures, model.target))
  const ranked = [...means.keys()].sort((a, b) => means[b] - means[a]).slice(0, MOST_ALTERNATIVES)
  const best = selectRows(mixtures, ranked)
  const alternatives = model.posterior.at(pointsOf(model, best, model.target))
  const covariance = model.posterior.covariance(own, alternatives)
  const paired = model.posterior.pairedCovariance(own, atTarget)
  const sums = Array.from(fidelity, () => new LogSum())
  const count = ranked.length
  outlook.fantasies.forEach((_, f) => {
    const rivals = meansUnder(outlook, alternatives, f)
    const ownMeans = meansUnder(outlook, atTarget, f)
    sums.forEach((sum, k) => {
      const observed = Math.sqrt(own.deviations[k] ** 2 + noiseAt(model, fidelity[k]))
      const slopes = new Float64Array(count + 1)
      for (let i = 0; i < count; i++) slopes[i] = covariance[k * count + i] / observed
      slopes[count] = paired[k] / observed
      sum.add(logKnowledgeGradient(Float64Array.of(...rivals, ownMeans[k]), slopes))
    })
  })
  const fantasies = Math.log(outlook.fantasies.length)
  return Float64Array.from(sums, ({ value }) => value - fantasies)
}
