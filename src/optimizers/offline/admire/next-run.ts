import { refine, sampleMaxima } from '../../acquisition/index.js'
import { snap } from '../../mixture/index.js'
import type { Rng } from '../../random.js'
import { type RowMatrix, rowOf } from '../../row-matrix.js'
import { improvementObjective, informationObjective } from './ascent.js'
import type { Offer } from './choices.js'
import { triedAt } from './design.js'
import { pointsOf } from './model.js'
import { baselineAtTarget, type Outlook, rowsOf } from './outlook.js'
import type { AdmireParams } from './params.js'
import { type Choices, logUtilities } from './utilities.js'

/** The run with the largest utility. */
export interface NextRun {
  readonly weights: Float64Array
  readonly fidelity: number
  readonly row: number | undefined
  /** As a logarithm; see `logUtilities`. */
  readonly utility: number
}

/** Weights are multiples of 1/1,000 where the constraints let them, as trainers' samplers take them; the model sees what is run. */
const STEPS = 1000

/** The best of a table, whose rows cannot be improved. */
export function bestOfTable(
  outlook: Outlook,
  offer: Offer,
  params: AdmireParams,
  rng: Rng,
): NextRun {
  const utilities = logUtilities(outlook, offer, offer.sought, params, rng)
  const k = placesByValue(utilities)[0]
  return {
    weights: rowOf(offer.weights, k).slice(),
    fidelity: offer.fidelity[k],
    row: offer.rows?.[k],
    utility: utilities[k],
  }
}

/** The best of the candidates and of what gradient ascent makes of the first few. Undefined where every mixture was tried. */
export function bestOfSpace(
  outlook: Outlook,
  offer: Offer,
  params: AdmireParams,
  rng: Rng,
): NextRun | undefined {
  const { space } = outlook.situation.compiled
  const rate = (choices: Choices) => logUtilities(outlook, choices, offer.sought, params, rng)
  const ranked = placesByValue(rate(offer)).slice(0, Math.max(1, params.refinements))
  const starts = ranked.map((k) => ({
    weights: rowOf(offer.weights, k).slice(),
    fidelity: offer.fidelity[k],
  }))
  const climbed =
    params.refinements > 0 ? climb(outlook, starts, offer.sought, params, rng.fork('climb')) : []
  const snapped = [...starts, ...climbed].map(({ weights, fidelity }) => ({
    weights: snap(space, weights, STEPS),
    fidelity,
  }))
  const fresh = [...snapped, ...starts].filter(
    ({ weights, fidelity }) => !triedAt(outlook.situation, fidelity).has(weights),
  )
  if (fresh.length === 0) return undefined
  const utilities = rate({
    weights: rowsOf(fresh.map(({ weights }) => weights)),
    fidelity: Int32Array.from(fresh, ({ fidelity }) => fidelity),
  })
  const best = placesByValue(utilities)[0]
  return { ...fresh[best], row: undefined, utility: utilities[best] }
}

interface Start {
  weights: Float64Array
  fidelity: number
}

/** Each start climbs at its own fidelity; the same samples of the best score serve all. */
function climb(
  outlook: Outlook,
  starts: readonly Start[],
  sought: RowMatrix,
  { maxima, acquisition }: AdmireParams,
  rng: Rng,
): Start[] {
  const { model, situation } = outlook
  const { space } = situation.compiled
  const best = baselineAtTarget(outlook).means.reduce((a, b) => Math.max(a, b))
  const byInformation =
    acquisition === 'max-value-entropy' || (acquisition === 'auto' && model.target > 0)
  const objectiveAt = (fidelity: number) => {
    if (!byInformation) return improvementObjective(model, best)
    const { means, deviations } = model.posterior.at(pointsOf(model, sought, model.target))
    const samples = sampleMaxima(means, deviations, maxima, rng, { atLeast: best + 1e-6 })
    return informationObjective(model, fidelity, samples)
  }
  return starts.map(({ weights, fidelity }) => ({
    weights: refine(space, rowsOf([weights]), objectiveAt(fidelity)).weights,
    fidelity,
  }))
}

/** Largest first; the first of equal ones comes first. */
function placesByValue(values: Float64Array): number[] {
  return [...values.keys()].sort((a, b) => values[b] - values[a] || a - b)
}
