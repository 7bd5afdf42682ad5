import { informationGain, logExpectedImprovement, sampleMaxima } from '../../acquisition/index.js'
import type { Rng } from '../../random.js'
import type { RowMatrix } from '../../row-matrix.js'
import { lowestFinite } from '../picks.js'
import { type Model, noiseAt, pointsOf } from './model.js'
import type { AdmireParams } from './params.js'
import type { Situation } from './situation.js'
import type { Choices } from './utilities.js'

/** Of the cost of a target run: what a run costs at least when one is chosen, though not when costs are added up. */
const LEAST_COST = 0.01

/**
 * The parameters of the published form (ADMIRE, arXiv 2508.11551, as its program has it), where `replicate` asks for it: all that can
 * be said by parameters. The rest of it is the kernel with its priors and the scores as they are (`fitModel`), a first run at random
 * (`nextDesigned`), and this file's acquisition and pick.
 */
export function asPublished(params: AdmireParams): AdmireParams {
  if (!params.replicate) return params
  return {
    ...params,
    acquisition: 'auto',
    kernel: 'matern-5/2',
    inputs: 'raw',
    initialRuns: null,
    sharedRuns: 0,
    leastCorrelation: -1,
    costs: 'configured',
    overhead: 0,
    fantasies: 1,
    maxima: 1,
    starts: 1,
    stop: false,
    leastInformation: null,
  }
}

/**
 * What each choice promises, as a logarithm. One fidelity: the expected improvement upon the best score that was observed. Several:
 * the information about one sample of the best score among the mixtures that were run, per cost. Trials under way count as if they
 * had the scores that are expected.
 */
export function publishedUtilities(
  model: Model,
  situation: Situation,
  { weights, fidelity }: Choices,
  rng: Rng,
): Float64Array {
  const { posterior, target } = model
  const own = posterior.at(pointsOf(model, weights, fidelity))
  if (target === 0) {
    const best = bestObserved(model)
    return own.means.map((mean, k) => logExpectedImprovement(mean, own.deviations[k], best))
  }
  const atTarget = posterior.at(pointsOf(model, weights, target))
  const covariances = posterior.pairedCovariance(own, atTarget)
  const maxima = publishedMaxima(model, rng)
  const costs = publishedCosts(situation)
  return own.deviations.map((deviation, k) => {
    const observed = Math.sqrt(deviation ** 2 + noiseAt(model, fidelity[k]))
    const [mean, sd] = [atTarget.means[k], atTarget.deviations[k]]
    const information = informationGain(mean, sd, observed, covariances[k], maxima)
    return Math.log(information) - Math.log(costs[fidelity[k]])
  })
}

/** The score to improve upon with one fidelity. */
export const bestObserved = ({ runs }: Pick<Model, 'runs'>): number =>
  runs.scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)

/** One sample of the best score at the target, among the mixtures that were run at any fidelity. */
export function publishedMaxima(model: Model, rng: Rng): Float64Array {
  const { means, deviations } = model.posterior.at(
    pointsOf(model, model.runs.weights, model.target),
  )
  return sampleMaxima(means, deviations, 1, rng.fork('published maximum'))
}

/**
 * The candidate that the published form would recommend: of several fidelities the one with the best acquisition value at the target,
 * of one the one with the best mean. (The program asks the model before it takes in the newest score; here all scores are in.)
 */
export function pickAsPublished(
  model: Model,
  situation: Situation,
  candidates: RowMatrix,
  rng: Rng,
): number | undefined {
  const atTarget = new Int32Array(candidates.rows).fill(model.target)
  const values =
    model.target === 0
      ? model.posterior.at(pointsOf(model, candidates, model.target)).means
      : publishedUtilities(model, situation, { weights: candidates, fidelity: atTarget }, rng)
  return lowestFinite(values.map((value) => -value))
}

function publishedCosts({ costs }: Situation): number[] {
  const target = costs[costs.length - 1] || 1
  return costs.map((cost) => Math.max(cost / target, LEAST_COST))
}
