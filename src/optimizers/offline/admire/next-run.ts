import { refine, sampleMaxima } from '../../acquisition/index.js'
import { snap } from '../../mixture/index.js'
import type { Rng } from '../../random.js'
import { type RowMatrix, rowMatrixFrom, rowOf } from '../../row-matrix.js'
import { improvementObjective, informationObjective } from './ascent.js'
import type { Offer } from './choices.js'
import { STEPS, triedAt } from './design.js'
import { type Model, pointsOf } from './model.js'
import { baselineAtTarget, type Outlook } from './outlook.js'
import type { AdmireParams } from './params.js'
import { bestObserved, publishedMaxima } from './replication.js'
import { acquisitionOf, logUtilities, raterOf } from './utilities.js'

/** The run with the largest utility. */
export interface NextRun {
  readonly weights: Float64Array
  readonly fidelity: number
  readonly row: number | undefined
  /** As a logarithm; see `logUtilities`. */
  readonly utility: number
}

/** Further steps gain less than what rounding to a thousandth takes away. */
const CLIMB = { maxIterations: 40 }

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

/**
 * The best of the candidates and of what gradient ascent makes of the first few, in multiples of 1/1,000 as long as some of them were
 * not tried. Undefined where every mixture was.
 */
export function bestOfSpace(
  outlook: Outlook,
  offer: Offer,
  params: AdmireParams,
  rng: Rng,
): NextRun | undefined {
  const { space } = outlook.situation.compiled
  const rate = raterOf(outlook, offer.sought, params, rng)
  const tried = outlook.model.runs.fidelities.map((_, m) => triedAt(outlook.situation, m))
  const isNew = ({ weights, fidelity }: Start) => !tried[fidelity].has(weights)
  const snapped = ({ weights, fidelity }: Start) =>
    fidelity === offer.shared
      ? { weights, fidelity }
      : { weights: snap(space, weights, STEPS), fidelity }
  const candidates = placesByValue(rate(offer)).map((k) => ({
    weights: rowOf(offer.weights, k).slice(),
    fidelity: offer.fidelity[k],
  }))
  const starts = firstNew(candidates, snapped, isNew, Math.max(1, params.refinements))
  const free = starts.filter(({ fidelity }) => fidelity !== offer.shared)
  const climbed = params.refinements > 0 ? climb(outlook, free, offer.sought, params, rng) : []
  const multiples = [...starts, ...climbed.map(snapped).filter(isNew)]
  const fresh = multiples.length > 0 ? multiples : candidates.filter(isNew).slice(0, 1)
  if (fresh.length === 0) return undefined
  const utilities = rate({
    weights: rowMatrixFrom(fresh.map(({ weights }) => weights)),
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
  params: AdmireParams,
  rng: Rng,
): Start[] {
  const { maxima, replicate } = params
  const { model, situation } = outlook
  const { space } = situation.compiled
  const best = replicate
    ? bestObserved(model)
    : baselineAtTarget(outlook).means.reduce((a, b) => Math.max(a, b))
  const byInformation = acquisitionOf(model, params) === 'max-value-entropy'
  const sample = () =>
    replicate ? publishedMaxima(model, rng) : sampledMaxima(model, sought, maxima, best, rng)
  const samples = byInformation ? sample() : undefined
  const objectiveAt = (fidelity: number) =>
    samples ? informationObjective(model, fidelity, samples) : improvementObjective(model, best)
  return starts.map(({ weights, fidelity }) => ({
    weights: refine(space, rowMatrixFrom([weights]), objectiveAt(fidelity), CLIMB).weights,
    fidelity,
  }))
}

function sampledMaxima(
  model: Model,
  sought: RowMatrix,
  count: number,
  best: number,
  rng: Rng,
): Float64Array {
  const { means, deviations } = model.posterior.at(pointsOf(model, sought, model.target))
  return sampleMaxima(means, deviations, count, rng.fork('climb'), { atLeast: best + 1e-6 })
}

/** The first few of what becomes of the candidates that were not tried. */
function firstNew(
  candidates: readonly Start[],
  become: (candidate: Start) => Start,
  isNew: (start: Start) => boolean,
  count: number,
): Start[] {
  const found: Start[] = []
  for (const candidate of candidates) {
    if (found.length === count) break
    const start = become(candidate)
    if (isNew(start)) found.push(start)
  }
  return found
}

/** Largest first; the first of equal ones comes first. */
function placesByValue(values: Float64Array): number[] {
  return [...values.keys()].sort((a, b) => values[b] - values[a] || a - b)
}
