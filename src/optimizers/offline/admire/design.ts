import { nearestFeasible } from '../../evidence/index.js'
import { l1Distance } from '../../mixture/distance.js'
import {
  largestViolation,
  MixtureSet,
  OLMIX_SAMPLING,
  regmixDrawer,
  SAME_MIXTURE,
  snap,
  VIOLATION_TOLERANCE,
} from '../../mixture/index.js'
import { uniformMixture } from '../../mixture/reference-mixtures.js'
import { uniformDrawer } from '../../mixture/sampling/feasible.js'
import type { Space } from '../../mixture/types.js'
import type { Rng } from '../../random.js'
import { type RowMatrix, rowOf, selectRows, stackRows } from '../../row-matrix.js'
import type { Memo } from '../../types.js'
import { memoKey } from './memo-key.js'
import type { AdmireParams } from './params.js'
import { countRuns, rowsAt } from './runs.js'
import type { Placed, Situation } from './situation.js'

/** Weights are multiples of 1/1,000 where the constraints let them, as trainers' samplers take them; the model sees what is run. */
export const STEPS = 1000
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
 * own. Fidelities take them in this order, dearer ones only what cheaper ones ran as long as there is such, imported runs last.
 */
export function nextDesigned(
  situation: Situation,
  fidelity: number,
  params: Pick<AdmireParams, 'replicate'>,
  rng: Rng,
  memo?: Memo,
): DesignedRun | undefined {
  const { space } = situation.compiled
  const tried = triedAt(situation, fidelity)
  const draw = drawerOf(space, params, rng.fork('design'), memo)
  const below = mixturesBelow(situation, fidelity)
  const known = new MixtureSet(SAME_MIXTURE)
  for (let k = 0; k < below.rows; k++) known.add(rowOf(below, k))
  const firstOf = (draws: number, isEligible: (weights: Float64Array) => boolean) => {
    for (let i = 0; i < draws; i++) {
      const weights = draw(i)
      if (weights && !tried.has(weights) && isEligible(weights)) return weights
    }
    return undefined
  }
  const weights =
    firstOf(Math.min(MOST_DRAWS, known.size + tried.size), (own) => known.has(own)) ??
    firstFeasible(space, below, tried) ??
    firstOf(tried.size + MOST_DRAWS, () => true)
  return weights && { fidelity, weights: weights.slice() }
}

/** Run or being run at cheaper fidelities of this study, furthest from the target first. */
function mixturesBelow({ runs, pending, costs }: Situation, fidelity: number): RowMatrix {
  const isBelow = (m: number) => m < fidelity && costs[m] > 0
  const rowsBelow = ({ weights, fidelity: places }: Placed) =>
    selectRows(
      weights,
      [...places.keys()].filter((i) => isBelow(places[i])),
    )
  return stackRows([rowsBelow(runs), rowsBelow(pending)], runs.weights.columns)
}

function firstFeasible(space: Space, rows: RowMatrix, tried: MixtureSet): Float64Array | undefined {
  for (let k = 0; k < rows.rows; k++) {
    const row = rowOf(rows, k)
    if (!tried.has(row) && largestViolation(space, row) <= VIOLATION_TOLERANCE) return row.slice()
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
  const below = mixturesBelow(situation, fidelity)
  const known = new MixtureSet(SAME_MIXTURE)
  for (let i = 0; i < below.rows; i++) known.add(rowOf(below, i))
  const all = [...Array(candidates.rows).keys()]
  const shared = all.filter((k) => known.has(rowOf(candidates, k)))
  const eligible = shared.length > 0 ? shared : all
  const made = rowsAt(situation.runs, fidelity).length + rowsAt(situation.pending, fidelity).length
  const row =
    eligible[
      rng.fork(`initial ${situation.runs.fidelities[fidelity]}`, made).integer(eligible.length)
    ]
  return { fidelity, weights: rowOf(candidates, row).slice(), row }
}

/** Mixtures run or being run at a fidelity, or tried there in vain. */
export function triedAt({ runs, pending, unscored }: Situation, fidelity: number): MixtureSet {
  const tried = new MixtureSet(SAME_MIXTURE)
  for (const placed of [runs, pending, unscored]) {
    for (const i of rowsAt(placed, fidelity)) tried.add(rowOf(placed.weights, i))
  }
  return tried
}

/** Mixture i of the list, or undefined where there is none: always the same. */
type Drawer = (i: number) => Float64Array | undefined

/** With a memo, what was drawn for one run is not drawn again for the next. */
function drawerOf(
  space: Space,
  { replicate }: Pick<AdmireParams, 'replicate'>,
  rng: Rng,
  memo?: Memo,
): Drawer {
  const make = () => (replicate ? randomDrawer : designDrawer)(space, rng)
  if (!memo) return make()
  const { lower, upper, prior } = space
  const groups = space.groups.map(({ members, minimum, maximum }) => [
    [...members],
    minimum,
    maximum,
  ])
  const key = memoKey('design', [lower, upper, prior], { replicate, groups }, rng)
  return memo.get(key, () => remembering(make()))
}

function remembering(draw: Drawer): Drawer {
  const drawn: (Float64Array | undefined)[] = []
  return (i) => {
    while (drawn.length <= i) drawn.push(draw(drawn.length))
    return drawn[i]
  }
}

/** As published: none is special. */
function randomDrawer(space: Space, rng: Rng): Drawer {
  const anywhere = uniformDrawer(space)
  return (i) => snap(space, anywhere(rng.fork('mixture', i)), STEPS)
}

function designDrawer(space: Space, rng: Rng): Drawer {
  const references = [space.prior, uniformMixture(space)].map(
    (weights) => nearestFeasible(space, weights).weights,
  )
  const around = regmixDrawer(space, { ...OLMIX_SAMPLING, renormalise: true })
  const anywhere = uniformDrawer(space)
  const isSame = l1Distance(references[0], references[1]) <= SAME_MIXTURE
  return (i) => {
    if (i < 2) return i === 1 && isSame ? undefined : references[i]
    const own = rng.fork('mixture', i)
    return snap(space, (i % 2 === 0 ? around(own) : undefined) ?? anywhere(own), STEPS)
  }
}
