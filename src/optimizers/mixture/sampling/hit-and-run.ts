import type { Rng } from '../../random.js'
import { projectEuclidean } from '../projection/project.js'
import type { Space } from '../types.js'
import { distanceToBoundary, type Interior, interiorOf, removeComponents } from './interior.js'

/** Steps between two points handed out, for each coordinate that can move. */
const STEPS_PER_COORDINATE = 4
const EXCHANGES_PER_COORDINATE = 20

/** Points thrown away at the start, so that the first one handed out no longer remembers the centre. */
const WARM_UP = 10

/**
 * A random walk in the feasible set whose points are uniform on it in the limit (Smith 1984; Lovász 1999): from each point a
 * uniformly chosen point of a chord through it. Successive points are spaced out, but not exactly independent.
 * @param interior of the space, for callers that start many walks
 * @returns writes the next point (m entries, feasible to 1e-9) to its argument
 */
export function hitAndRun(
  space: Space,
  rng: Rng,
  interior = interiorOf(space),
): (out: Float64Array) => void {
  const { free } = interior
  const point = interior.centre.slice()
  const grouped = interior.groups.length > 0 || interior.normals.length > 1
  const step = grouped
    ? chordStep(space, interior, point, rng)
    : exchangeStep(space, free, point, rng)
  const steps = (grouped ? STEPS_PER_COORDINATE : EXCHANGES_PER_COORDINATE) * free.length
  const advance = () => {
    for (let i = 0; i < steps; i++) step()
    // Takes out the rounding that the steps add up.
    projectEuclidean(space, point, point)
  }
  if (free.length > 0) for (let i = 0; i < WARM_UP; i++) advance()
  return (out) => {
    if (free.length > 0) advance()
    out.set(point)
  }
}

/** Bounds only: moves weight between two coordinates, in constant time. */
function exchangeStep(space: Space, free: Int32Array, point: Float64Array, rng: Rng): () => void {
  const { lower, upper } = space
  return () => {
    const i = free[rng.integer(free.length)]
    const j = free[rng.integer(free.length)]
    if (i === j) return
    const both = point[i] + point[j]
    const least = Math.max(lower[i], both - upper[j])
    const most = Math.min(upper[i], both - lower[j])
    point[i] = least + rng.uniform() * Math.max(0, most - least)
    point[j] = both - point[i]
  }
}

/**
 * Groups: half of the directions are isotropic within the equalities, half differences of two extreme points, which go far
 * also where the set is thin.
 */
function chordStep(space: Space, interior: Interior, point: Float64Array, rng: Rng): () => void {
  const { free, extremes, normals } = interior
  const direction = new Float64Array(point.length)

  function chooseDirection(): void {
    if (rng.uniform() < 0.5) {
      const from = extremes[rng.integer(extremes.length)]
      const to = extremes[rng.integer(extremes.length)]
      for (const i of free) direction[i] = to[i] - from[i]
    } else {
      for (const i of free) direction[i] = rng.normal()
    }
    removeComponents(direction, normals)
  }

  return () => {
    chooseDirection()
    const ahead = distanceToBoundary(space, interior, point, direction)
    for (const i of free) direction[i] = -direction[i]
    const behind = distanceToBoundary(space, interior, point, direction)
    const length = ahead + behind
    if (!(length > 0 && length < Number.POSITIVE_INFINITY)) return
    const move = behind - rng.uniform() * length
    for (const i of free) point[i] += move * direction[i]
  }
}
