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
import { type Model, noiseAt, pointsOf } from './model.js'
import { logNoisyImprovement } from './noisy-improvement.js'
import { baselineAtTarget, meansUnder, type Outlook } from './outlook.js'
import type { AdmireParams } from './params.js'
import { publishedUtilities } from './replication.js'

/** Runs that could be made: mixtures, each at a fidelity of the model. */
export interface Choices {
  /** (k × m). */
  readonly weights: RowMatrix
  /** k. */
  readonly fidelity: Int32Array
  /** k; where the mixtures are rows of those that are sought: which. Undefined: not known. */
  readonly places?: Int32Array
}

/** Choices at one fidelity: what is known of their own scores, and of the same mixtures' at the target. */
interface Projected {
  readonly fidelity: number
  readonly own: GpProjection
  /** The same object where the fidelity is the target. */
  readonly atTarget: GpProjection
}

/** Alternatives whose best mean the knowledge gradient is about. */
const MOST_ALTERNATIVES = 300

/**
 * How much each choice promises for its cost, as a logarithm: comparable within one outlook. −Infinity where nothing is to be gained.
 * @param sought (· × m) mixtures among which the best score at the target is sought, for the entropy of its value
 */
export function logUtilities(
  outlook: Outlook,
  choices: Choices,
  sought: RowMatrix,
  params: AdmireParams,
  rng: Rng,
): Float64Array {
  return raterOf(outlook, sought, params, rng)(choices)
}

/** The same for several sets of choices: what they share is computed once. */
export function raterOf(
  outlook: Outlook,
  sought: RowMatrix,
  params: AdmireParams,
  rng: Rng,
): (choices: Choices) => Float64Array {
  const { model, situation } = outlook
  if (params.replicate) {
    return (choices) => publishedUtilities(model, situation, choices, rng)
  }
  const soughtAtTarget = model.posterior.at(pointsOf(model, sought, model.target))
  const utility = utilityOf(outlook, soughtAtTarget, params, rng)
  const target = situation.costs[model.target] || 1
  const costs = situation.costs.map((cost) => Math.log(cost + params.overhead * target))
  return (choices) => {
    const utilities = new Float64Array(choices.fidelity.length)
    for (const m of new Set(choices.fidelity)) {
      const rows = [...choices.fidelity.keys()].filter((k) => choices.fidelity[k] === m)
      const projected = project(model, choices, rows, soughtAtTarget)
      const cost = model.target > 0 ? costs[m] : 0
      utility(projected).forEach((value, i) => {
        utilities[rows[i]] = value - cost
      })
    }
    return utilities
  }
}

/** Of several fidelities the best score is what there is to learn of; of one, what there is to reach. */
export function acquisitionOf(
  { target }: Pick<Model, 'target'>,
  { acquisition }: Pick<AdmireParams, 'acquisition'>,
): Exclude<AdmireParams['acquisition'], 'auto'> {
  if (acquisition !== 'auto') return acquisition
  return target > 0 ? 'max-value-entropy' : 'log-ei'
}

/** The acquisition that the parameters name. */
function utilityOf(
  outlook: Outlook,
  sought: GpProjection,
  params: AdmireParams,
  rng: Rng,
): (projected: Projected) => Float64Array {
  switch (acquisitionOf(outlook.model, params)) {
    case 'log-ei':
      return (choices) => augmented(outlook, choices, logImprovement(outlook, choices.atTarget))
    case 'log-noisy-ei':
      return (choices) => {
        const noisy = logNoisyImprovement(outlook, choices.atTarget, rng.fork('noisy'))
        return augmented(outlook, choices, noisy)
      }
    case 'knowledge-gradient': {
      const alternatives = bestOf(outlook, sought)
      return (choices) => logKnowledge(outlook, choices, alternatives)
    }
    case 'max-value-entropy': {
      const maxima = maximaOf(outlook, sought, params, rng.fork('maxima'))
      return (choices) => logInformation(outlook, choices, maxima)
    }
  }
}

/** Rows of the choices, all at one fidelity. */
function project(
  model: Model,
  { weights, fidelity, places }: Choices,
  rows: readonly number[],
  sought: GpProjection,
): Projected {
  const m = fidelity[rows[0]]
  const own = selectRows(weights, rows)
  const atTarget = places
    ? selectProjected(
        sought,
        rows.map((k) => places[k]),
      )
    : model.posterior.at(pointsOf(model, own, model.target))
  if (m === model.target) return { fidelity: m, own: atTarget, atTarget }
  return { fidelity: m, own: model.posterior.at(pointsOf(model, own, m)), atTarget }
}

function selectProjected(all: GpProjection, places: readonly number[]): GpProjection {
  const count = all.means.length
  const known = count > 0 ? all.solved.length / count : 0
  const solved = new Float64Array(known * places.length)
  for (let i = 0, at = 0; i < known; i++)
    for (const k of places) solved[at++] = all.solved[i * count + k]
  return {
    points: selectRows(all.points, places),
    fidelity: Int32Array.from(places, (k) => all.fidelity[k]),
    means: Float64Array.from(places, (k) => all.means[k]),
    deviations: Float64Array.from(places, (k) => all.deviations[k]),
    solved,
  }
}

/** Posterior covariance of each choice's own score with that at the target. */
function covariancesOf({ model }: Outlook, { own, atTarget }: Projected): Float64Array {
  if (own === atTarget) return own.deviations.map((deviation) => deviation * deviation)
  return model.posterior.pairedCovariance(own, atTarget)
}

/**
 * An improvement is promised at the target, whatever the fidelity: it counts for less where a run says less about the score there, by
 * their correlation and by what the noise leaves of what is still to be learned (Huang, Allen, Notz and Miller 2006, Sequential
 * kriging optimization using multiple-fidelity evaluations, eq. 14). Without that the cheapest fidelity would always win.
 */
function augmented(
  outlook: Outlook,
  projected: Projected,
  improvement: Float64Array,
): Float64Array {
  if (outlook.model.target === 0) return improvement
  const { own, atTarget, fidelity } = projected
  const covariances = covariancesOf(outlook, projected)
  const noise = noiseAt(outlook.model, fidelity)
  return improvement.map((value, k) => {
    const [sd, targetSd] = [own.deviations[k], atTarget.deviations[k]]
    const correlation = Math.min(1, Math.abs(covariances[k]) / (sd * targetSd))
    return value + Math.log(correlation * (1 - Math.sqrt(noise / (sd * sd + noise))))
  })
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

/** By fantasy, samples of the best score at the target among the mixtures that are sought. */
function maximaOf(
  outlook: Outlook,
  sought: GpProjection,
  { maxima }: AdmireParams,
  rng: Rng,
): Float64Array[] {
  const baseline = baselineAtTarget(outlook)
  const each = Math.max(1, Math.round(maxima / outlook.fantasies.length))
  return outlook.fantasies.map((_, f) => {
    const best = meansUnder(outlook, baseline, f).reduce((a, b) => Math.max(a, b))
    const means = meansUnder(outlook, sought, f)
    const atLeast = best + 1e-6
    return sampleMaxima(means, sought.deviations, each, rng.fork('fantasy', f), { atLeast })
  })
}

/** ln of the information about the best score at the target (Takeno et al. 2020), over fantasies and samples of that score. */
function logInformation(
  outlook: Outlook,
  projected: Projected,
  maxima: readonly Float64Array[],
): Float64Array {
  const { own, atTarget, fidelity } = projected
  const covariances = covariancesOf(outlook, projected)
  const noise = noiseAt(outlook.model, fidelity)
  const sums = new Float64Array(own.means.length)
  maxima.forEach((drawn, f) => {
    const means = meansUnder(outlook, atTarget, f)
    for (let k = 0; k < sums.length; k++) {
      const observed = Math.sqrt(own.deviations[k] ** 2 + noise)
      sums[k] += informationGain(means[k], atTarget.deviations[k], observed, covariances[k], drawn)
    }
  })
  return sums.map((sum) => Math.log(sum / maxima.length))
}

/** The mixtures with the best means at the target. */
function bestOf({ model }: Outlook, { means, points, fidelity }: GpProjection): GpProjection {
  const ranked = [...means.keys()].sort((a, b) => means[b] - means[a]).slice(0, MOST_ALTERNATIVES)
  return model.posterior.at({
    points: selectRows(points, ranked),
    fidelity: Int32Array.from(ranked, (k) => fidelity[k]),
  })
}

/** ln of how much the best mean at the target is expected to rise (Frazier et al. 2009), over the fantasies. */
function logKnowledge(
  outlook: Outlook,
  projected: Projected,
  alternatives: GpProjection,
): Float64Array {
  const { own, atTarget, fidelity } = projected
  const covariance = outlook.model.posterior.covariance(own, alternatives)
  const paired = covariancesOf(outlook, projected)
  const noise = noiseAt(outlook.model, fidelity)
  const sums = Array.from(own.means, () => new LogSum())
  const count = alternatives.means.length
  outlook.fantasies.forEach((_, f) => {
    const rivals = meansUnder(outlook, alternatives, f)
    const ownMeans = meansUnder(outlook, atTarget, f)
    sums.forEach((sum, k) => {
      const observed = Math.sqrt(own.deviations[k] ** 2 + noise)
      const slopes = new Float64Array(count + 1)
      for (let i = 0; i < count; i++) slopes[i] = covariance[k * count + i] / observed
      slopes[count] = paired[k] / observed
      sum.add(logKnowledgeGradient(Float64Array.of(...rivals, ownMeans[k]), slopes))
    })
  })
  const fantasies = Math.log(outlook.fantasies.length)
  return Float64Array.from(sums, ({ value }) => value - fantasies)
}
