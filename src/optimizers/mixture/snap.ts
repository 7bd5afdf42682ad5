import { groupSum } from './active-constraints.js'
import { apportion } from './apportionment.js'
import { VIOLATION_TOLERANCE } from './tolerance.js'
import type { Space } from './types.js'
import { largestViolation } from './violation.js'

/** Weights this close to a multiple or a bound are at it: well below the violation allowed. */
const SAME = VIOLATION_TOLERANCE / 10

/** Less than this is no progress but rounding. */
const PROGRESS = 1e-12

/** A mixture between multiples: weight i is offsets[i] + counts[i] / steps. */
interface Snapped {
  readonly steps: number
  readonly counts: Float64Array
  readonly offsets: Float64Array
  /** Domains whose counts may change; the others stay as they were given. */
  readonly loose: readonly number[]
}

/**
 * The mixture in multiples of 1/steps, by largest remainder (see `apportion`), for trainers that count samples: to be asked for
 * before a mixture is tried, so that what is learned from is what was run. Weights at a bound that is no multiple, and those whose
 * bounds leave no multiple, stay exactly as they are; one of the others then takes what the multiples leave over. Where that
 * violates a bound or a group, single steps are moved between domains as long as it helps.
 * @param weights m weights that meet the constraints to 1e-9
 * @param steps an integer ≥ 1
 * @returns m new weights, feasible to 1e-9; where none were found among the multiples, the weights as they were given
 * @throws RangeError when `steps` is not that or a weight is not finite
 */
export function snap(space: Space, weights: ArrayLike<number>, steps = 1000): Float64Array {
  if (!(Number.isSafeInteger(steps) && steps >= 1)) {
    throw new RangeError(`the number of steps has to be an integer of at least 1, not ${steps}`)
  }
  const snapped = nearestMultiples(space, weights, steps)
  for (let move = 0; move <= 4 * weights.length; move++) {
    const rounded = weightsOf(snapped)
    if (largestViolation(space, rounded) <= VIOLATION_TOLERANCE) return rounded
    if (!moveStep(space, snapped, weights)) break
  }
  return Float64Array.from(weights)
}

function weightsOf({ counts, offsets, steps }: Snapped): Float64Array {
  return counts.map((count, i) => offsets[i] + count / steps)
}

/** The largest multiple that is not above, but for rounding. */
const multipleBelow = (value: number, steps: number) => Math.floor((value + SAME) * steps)

const isMultiple = (value: number, steps: number) =>
  Math.abs(value - Math.round(value * steps) / steps) <= SAME

/** By largest remainder, without a look at groups. */
function nearestMultiples(space: Space, weights: ArrayLike<number>, steps: number): Snapped {
  const { lower, upper } = space
  const m = lower.length
  const counts = new Float64Array(m)
  const offsets = new Float64Array(m)
  const loose: number[] = []
  let rest = 1
  for (let i = 0; i < m; i++) {
    if (staysExact(weights[i], lower[i], upper[i], steps)) {
      offsets[i] = Math.min(upper[i], Math.max(lower[i], weights[i]))
      rest -= offsets[i]
    } else loose.push(i)
  }
  const units = multipleBelow(rest, steps)
  const left = rest - units / steps
  if (loose.length > 0 && left > SAME) offsets[roomiest(space, weights, loose)] = left
  if (units > 0 && loose.length > 0) {
    const shares = loose.map((i) => Math.max(0, weights[i] - offsets[i]))
    apportion(shares, units).forEach((count, k) => {
      counts[loose[k]] = count
    })
  }
  return { steps, counts, offsets, loose }
}

function staysExact(weight: number, lower: number, upper: number, steps: number): boolean {
  const isAt = (bound: number) => Math.abs(weight - bound) <= SAME && !isMultiple(bound, steps)
  return (
    lower === upper ||
    isAt(lower) ||
    isAt(upper) ||
    multipleBelow(upper, steps) / steps < lower - SAME
  )
}

/** The domain whose weight is furthest from its bounds. */
function roomiest(space: Space, weights: ArrayLike<number>, domains: readonly number[]): number {
  const room = (i: number) => Math.min(weights[i] - space.lower[i], space.upper[i] - weights[i])
  return domains.reduce((best, i) => (room(i) > room(best) ? i : best))
}

const excess = (value: number, least: number, most: number) =>
  Math.max(0, least - value, value - most)

/**
 * Moves the one step from a domain to another that takes off most of the violations, summed; among equals the one that leads least
 * away from the weights. False when none does.
 */
function moveStep(space: Space, snapped: Snapped, weights: ArrayLike<number>): boolean {
  const { counts, loose, steps } = snapped
  const rounded = weightsOf(snapped)
  const changeOf = stepChanges(space, rounded, 1 / steps)
  let best = { change: -2 * PROGRESS, distance: Number.POSITIVE_INFINITY, from: -1, to: -1 }
  for (const to of loose)
    for (const from of loose) {
      if (from === to) continue
      const change = changeOf(from, to)
      if (change > best.change + PROGRESS) continue
      const distance = rounded[to] - weights[to] - (rounded[from] - weights[from])
      if (change < best.change - PROGRESS || distance < best.distance)
        best = { change, distance, from, to }
    }
  if (best.from < 0) return false
  counts[best.from] -= 1
  counts[best.to] += 1
  return true
}

/** How much the sum of all violations would change if one step went from a domain to another. */
function stepChanges(
  { lower, upper, groups }: Space,
  rounded: Float64Array,
  step: number,
): (from: number, to: number) => number {
  const changeBy = (value: number, by: number, least: number, most: number) =>
    excess(value + by, least, most) - excess(value, least, most)
  const bound = (by: number) => rounded.map((weight, i) => changeBy(weight, by, lower[i], upper[i]))
  const [boundUp, boundDown] = [bound(step), bound(-step)]
  const sums = groups.map((group) => {
    const sum = groupSum(group, rounded)
    const inside = new Uint8Array(rounded.length)
    for (const i of group.members) inside[i] = 1
    return {
      inside,
      up: changeBy(sum, step, group.minimum, group.maximum),
      down: changeBy(sum, -step, group.minimum, group.maximum),
    }
  })
  return (from, to) => {
    let change = boundUp[to] + boundDown[from]
    for (const { inside, up, down } of sums) {
      if (inside[to] !== inside[from]) change += inside[to] === 1 ? up : down
    }
    return change
  }
}
