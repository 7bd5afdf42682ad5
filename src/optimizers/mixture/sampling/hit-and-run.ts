import type { Rng } from '../../random.js'
import { projectEuclidean } from '../projection/project.js'
import type { Space } from '../types.js'
import { distanceToBoundary, interiorOf, removeComponents } from './interior.js'

/** Steps between two points handed out, for each coordinate that can move. */
const STEPS_PER_COORDINATE = 4

/** Points thrown away at the start, so that the first one handed out no longer remembers the centre. */
const WARM_UP = 10

/**
 * A random walk in the feasible set whose points are uniform on it in the limit (Smith 1984; Lovász 1999): from each point a
 * uniformly chosen point of the chord through it. Half of the directions are isotropic, half differences of two extreme
 * points, which go far also where the set is thin. Successive points are spaced out, but not exactly independent.
 */
export function hitAndRun(space: Space, rng: Rng): (out: Float64Array) => void {
  const interior = interiorOf(space)
  const { free, extremes } = interior
  const point = interior.centre.slice()
  const direction = new Float64Array(point.length)

  function chooseDirection(): void {
    if (rng.uniform() < 0.5) {
      const from = extremes[rng.integer(extremes.length)]
      const to = extremes[rng.integer(extremes.length)]
      for (const i of free) direction[i] = to[i] - from[i]
    } else {
      for (const i of free) direction[i] = rng.normal()
    }
    removeComponents(direction, interior.normals)
  }

  function step(): void {
    chooseDirection()
    const ahead = distanceToBoundary(space, interior, point, direction)
    for (const i of free) direction[i] = -direction[i]
    const behind = distanceToBoundary(space, interior, point, direction)
    const length = ahead + behind
    if (!(length > 0 && length < Number.POSITIVE_INFINITY)) return
    const move = behind - rng.uniform() * length
    for (const i of free) point[i] += move * direction[i]
  }

  const steps = STEPS_PER_COORDINATE * Math.max(1, free.length)
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
