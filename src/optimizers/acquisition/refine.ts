import {
  largestViolation,
  projectEuclidean,
  type Space,
  VIOLATION_TOLERANCE,
} from '../mixture/index.js'
import { type RowMatrix, rowOf } from '../row-matrix.js'

/**
 * Something of a mixture that is to be large.
 * @param gradient to be written: its m derivatives by the weights, as if each could change alone; entries that are not finite are
 *   taken for very large (infinities) or unknown (NaN)
 * @returns its value; NaN counts as −Infinity
 */
export type MixtureObjective = (weights: Float64Array, gradient: Float64Array) => number

export interface RefineOptions {
  /** Steps from each start. Default 80. */
  maxIterations?: number
  /** A climb has ended where a step would move no weight by more than this. Default 1e-6. */
  tolerance?: number
}

export interface Refined {
  /** m weights. */
  readonly weights: Float64Array
  readonly value: number
}

/** Share of the gain that the gradient promises which a step has to bring. */
const ARMIJO = 1e-4
const SHORTENED = 0.3
const MOST_TRIALS = 30

/** A step may lead below the value before it, but not below all of so many. */
const REMEMBERED = 10

/** The first step would move a weight by about so much, and no step aims further. */
const FIRST_MOVE = 0.1
const FURTHEST_MOVE = 2

/** An infinite derivative counts as so many times the largest finite one. */
const INFINITE = 10

/**
 * Climbs from each of the starts by spectral projected gradient steps and returns the best mixture met: never one that is worse
 * than a start. Birgin, Martínez and Raydan (2000), Nonmonotone spectral projected gradient methods on convex sets, algorithm 2.1:
 * steps are as long as the curvature of the one before tells and are shortened along the projection arc until Armijo's rule holds
 * (Bertsekas 1976) against the worst of the last ten values. Finds local maxima; draws nothing.
 * @param starts (k × m), k ≥ 1; those outside the space are projected on it
 * @returns weights that violate no constraint by more than 1e-9
 * @throws RangeError without starts; InvalidInputError when no mixture meets the constraints
 */
export function refine(
  space: Space,
  starts: RowMatrix,
  objective: MixtureObjective,
  options: RefineOptions = {},
): Refined {
  if (starts.rows === 0) throw new RangeError('there is no mixture to start from')
  let best: Refined | undefined
  for (let s = 0; s < starts.rows; s++) {
    const summit = climb(space, rowOf(starts, s), objective, options)
    if (!best || summit.value > best.value) best = summit
  }
  return best as Refined
}

/** A mixture on the way, with the pull on each weight: its derivative less what all weights share. */
interface Place extends Refined {
  readonly pull: Float64Array
}

function climb(
  space: Space,
  start: Float64Array,
  objective: MixtureObjective,
  { maxIterations = 80, tolerance = 1e-6 }: RefineOptions,
): Refined {
  const feasible = largestViolation(space, start) <= VIOLATION_TOLERANCE
  let here = visit(space, objective, feasible ? start.slice() : projectEuclidean(space, start))
  let best = here
  const values = [here.value]
  let length = FIRST_MOVE / strongestPull(space, here)
  for (let i = 0; i < maxIterations && length < Number.POSITIVE_INFINITY; i++) {
    const floor = Math.min(...values.slice(-REMEMBERED))
    const next = stepAlongArc(space, objective, here, { length, floor, tolerance })
    if (!next) break
    length = nextLength(space, here, next, length)
    here = next
    values.push(here.value)
    if (here.value > best.value) best = here
  }
  return { weights: best.weights, value: best.value }
}

function visit(space: Space, objective: MixtureObjective, weights: Float64Array): Place {
  const pull = new Float64Array(weights.length)
  const value = objective(weights, pull)
  balance(space, weights, pull)
  return { weights, value: Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value, pull }
}

/**
 * Takes off the derivatives' mean, weighted by the weights: what is left is 0 wherever there is weight at a maximum within the
 * simplex, and the huge derivatives of weights near 0 do not hide the others.
 */
function balance({ lower, upper }: Space, weights: Float64Array, pull: Float64Array): void {
  const counts = (i: number) => lower[i] < upper[i] && Number.isFinite(pull[i])
  let sum = 0
  let mass = 0
  for (let i = 0; i < pull.length; i++) {
    if (!counts(i)) continue
    sum += weights[i] * pull[i]
    mass += weights[i]
  }
  const centre = mass > 0 ? sum / mass : 0
  let largest = 0
  for (let i = 0; i < pull.length; i++) {
    if (counts(i)) largest = Math.max(largest, Math.abs(pull[i] - centre))
  }
  for (let i = 0; i < pull.length; i++) {
    if (counts(i)) pull[i] -= centre
    else if (lower[i] === upper[i] || Number.isNaN(pull[i])) pull[i] = 0
    else pull[i] = Math.sign(pull[i]) * INFINITE * (largest > 0 ? largest : 1)
  }
}

/** The largest pull that is not against a bound. */
function strongestPull({ lower, upper }: Space, { weights, pull }: Place): number {
  let strongest = 0
  for (let i = 0; i < pull.length; i++) {
    const free = pull[i] > 0 ? weights[i] < upper[i] : weights[i] > lower[i]
    if (free) strongest = Math.max(strongest, Math.abs(pull[i]))
  }
  return strongest
}

interface Arc {
  /** Of the first trial: weights move by so much times their pull. */
  length: number
  /** The value that a step has to improve on. */
  floor: number
  tolerance: number
}

/** The first place along the arc of projections that is good enough; undefined where none is, or where it would not move. */
function stepAlongArc(
  space: Space,
  objective: MixtureObjective,
  here: Place,
  { length, floor, tolerance }: Arc,
): Place | undefined {
  for (let trial = 0; trial < MOST_TRIALS; trial++) {
    const weights = projectEuclidean(space, pointAlong(here, length * SHORTENED ** trial))
    let promised = 0
    let moved = 0
    for (let i = 0; i < weights.length; i++) {
      const step = weights[i] - here.weights[i]
      promised += here.pull[i] * step
      moved = Math.max(moved, Math.abs(step))
    }
    if (!(moved > tolerance)) return undefined
    const next = visit(space, objective, weights)
    if (next.value - floor > ARMIJO * promised) return next
  }
  return undefined
}

/** What pulls harder than to the other end of the space is as good as at it. */
function pointAlong({ weights, pull }: Place, length: number): Float64Array {
  return weights.map(
    (weight, i) => weight + Math.max(-FURTHEST_MOVE, Math.min(FURTHEST_MOVE, length * pull[i])),
  )
}

/** |Δw|² over the loss of pull along Δw, the inverse of the curvature met; longer where there was none. */
function nextLength(space: Space, here: Place, next: Place, length: number): number {
  let square = 0
  let lost = 0
  for (let i = 0; i < next.weights.length; i++) {
    const step = next.weights[i] - here.weights[i]
    square += step * step
    lost += step * (here.pull[i] - next.pull[i])
  }
  const wished = lost > 0 ? square / lost : 4 * length
  return Math.min(wished, FURTHEST_MOVE / strongestPull(space, next))
}
