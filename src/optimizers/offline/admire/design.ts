import { nearestFeasible } from '../../evidence/index.js'
import { l1Distance } from '../../mixture/distance.js'
import { MixtureSet, OLMIX_SAMPLING, regmixDrawer } from '../../mixture/index.js'
import { uniformMixture } from '../../mixture/reference-mixtures.js'
import { uniformDrawer } from '../../mixture/sampling/feasible.js'
import type { Space } from '../../mixture/types.js'
import type { Rng } from '../../random.js'
import { type RowMatrix, rowOf } from '../../row-matrix.js'
import type { AdmireParams } from './params.js'
import { countRuns, rowsAt } from './runs.js'
import type { Situation } from './situation.js'

/** Two mixtures no further apart in L1 are the same trial. */
export const SAME_MIXTURE = 1e-3
const LEAST_RUNS = 5
/** Of the cheapest fidelity, for each domain. */
const MOST_PER_DOMAIN = 3
/** Of the cost of a target run, for each fidelity below it. */
const SHARE_OF_TARGET = 0.5
/** Draws for one new mixture before the space counts as exhausted. */
const MOST_DRAWS = 200

/** A mixture of the initial design, which no result has a part in. */
export interface DesignedRun {
  readonly fidelity: number
  readonly weights: Float64Array
  /** Among the candidates, where there are any. */
  readonly row?: number
}

/** How many runs each fidelity begins with. The target begins with none where others tell of it: the model chooses the first ones. */
export function initialCounts(
  { runs, costs, offered, compiled }: Situation,
  { initialRuns, replicate }: AdmireParams,
): number[] {
  const target = runs.fidelities.length - 1
  const lower = offered.filter((m) => m !== target).toSorted((a, b) => costs[a] - costs[b])
  const informed = countRuns(runs)
    .slice(0, target)
    .some((count) => count > 0)
  if (replicate) return startingWithOne(runs.fidelities.length, lower[0] ?? target)
  const counts = runs.fidelities.map(() => 0)
  if (lower.length === 0) {
    if (!informed) counts[target] = initialRuns ?? LEAST_RUNS
    return counts
  }
  const most = MOST_PER_DOMAIN * compiled.space.names.length
  let above = Number.POSITIVE_INFINITY
  for (const m of lower) {
    const affordable = Math.floor((SHARE_OF_TARGET * costs[target]) / costs[m])
    const usual = Math.max(LEAST_RUNS, Math.min(most, affordable))
    // Nested: none has more than one that is cheaper.
    counts[m] = Math.min(above, m === lower[0] ? (initialRuns ?? usual) : usual)
    above = counts[m]
  }
  return counts
}

const startingWithOne = (length: number, place: number) =>
  Array.from({ length }, (_, m) => (m === place ? 1 : 0))

/** The fidelity whose design is not complete yet, the cheapest first; undefined when all are. */
export function unfinishedDesign(situation: Situation, params: AdmireParams): number | undefined {
  const { offered, costs, pending } = situation
  const counts = initialCounts(situation, params)
  const made = countRuns(situation.runs)
  for (const m of pending.fidelity) made[m] += 1
  return offered.toSorted((a, b) => costs[a] - costs[b]).find((m) => made[m] < counts[m])
}

/**
 * The next mixture of the design at a fidelity, or undefined when the space has no more. The list of mixtures is the study's: the
 * natural and the uniform one, then draws around the natural mixture and over the whole space in turn, each from a stream of its
 * own. Fidelities take them in this order, so that dearer ones run what cheaper ones ran.
 * @param avoid mixtures that are known at the fidelity, beside those of the situation
 */
export function nextDesigned(
  situation: Situation,
  fidelity: number,
  rng: Rng,
  avoid: readonly RowMatrix[] = [],
): DesignedRun | undefined {
  const { space } = situation.compiled
  const tried = triedAt(situation, fidelity)
  for (const rows of avoid) for (let i = 0; i < rows.rows; i++) tried.add(rowOf(rows, i))
  const draw = designDrawer(space, rng.fork('design'))
  for (let i = 0; i < tried.size + MOST_DRAWS; i++) {
    const weights = draw(i)
    if (weights && !tried.has(weights)) return { fidelity, weights }
  }
  return undefined
}

/** A candidate that was run below, or else one at random. */
export function drawnCandidate(
  situation: Situation,
  fidelity: number,
  candidates: RowMatrix,
  rng: Rng,
): DesignedRun | undefined {
  if (candidates.rows === 0) return undefined
  const { weights } = situation.runs
  const below = [...situation.runs.fidelity.keys()].filter(
    (i) => situation.runs.fidelity[i] < fidelity,
  )
  const known = new MixtureSet(SAME_MIXTURE)
  for (const i of below) known.add(rowOf(weights, i))
  const all = [...Array(candidates.rows).keys()]
  const shared = all.filter((k) => known.has(rowOf(candidates, k)))
  const eligible = shared.length > 0 ? shared : all
  const made = rowsAt(situation.runs, fidelity).length + situation.pending.fidelity.length
  const row =
    eligible[
      rng.fork(`initial ${situation.runs.fidelities[fidelity]}`, made).integer(eligible.length)
    ]
  return { fidelity, weights: rowOf(candidates, row).slice(), row }
}

/** Mixtures run or being run at a fidelity. */
export function triedAt({ runs, pending }: Situation, fidelity: number): MixtureSet {
  const tried = new MixtureSet(SAME_MIXTURE)
  for (const i of rowsAt(runs, fidelity)) tried.add(rowOf(runs.weights, i))
  for (let i = 0; i < pending.fidelity.length; i++) {
    if (pending.fidelity[i] === fidelity) tried.add(rowOf(pending.weights, i))
  }
  return tried
}

function designDrawer(space: Space, rng: Rng): (i: number) => Float64Array | undefined {
  const references = [space.prior, uniformMixture(space)].map(
    (weights) => nearestFeasible(space, weights).weights,
  )
  const around = regmixDrawer(space, { ...OLMIX_SAMPLING, renormalise: true })
  const anywhere = uniformDrawer(space)
  const isSame = l1Distance(references[0], references[1]) <= SAME_MIXTURE
  return (i) => {
    if (i < 2) return i === 1 && isSame ? undefined : references[i]
    const own = rng.fork('mixture', i)
    return (i % 2 === 0 ? around(own) : undefined) ?? anywhere(own)
  }
}
