import { InvalidInputError } from '../../issue.js'
import { checkFeasible, leastViolatingMixture } from '../feasibility/check-feasible.js'
import { FEASIBILITY_TOLERANCE } from '../tolerance.js'
import type { GroupConstraint, Space } from '../types.js'
import { largestViolation } from '../violation.js'
import { cappedSimplex } from './capped-simplex.js'
import { euclideanGeometry, type Geometry, klGeometry } from './geometry.js'
import { GroupDual } from './group-dual.js'
import { nearestByActiveSet } from './quadratic-program.js'

/** A weight this small where the point is 0 is what the geometry put in its place, and not forced by a group. */
const STANDS_FOR_ZERO = 1e-30

interface Projector {
  euclidean(point: ArrayLike<number>, out: Float64Array): void
  kl(point: ArrayLike<number>, out: Float64Array): void
}

/** What can be computed once a space, with scratch arrays; a space never changes, so this is only a memory of work. */
const projectors = new WeakMap<Space, Projector>()

/**
 * The mixture in the space that is nearest to `point` in Euclidean distance. No constraint is violated by more than 1e-9.
 * Exact without groups (breakpoint search, O(m log m)); with groups a Newton method on their multipliers, to rounding, and an
 * active-set method (slow for hundreds of domains) where that fails, which takes points tens of times the simplex's size away.
 * @param point m finite numbers
 * @param out where to write, may be `point`; given, a space without groups allocates nothing
 * @throws InvalidInputError when no mixture meets the constraints; RangeError when the point is not finite
 */
export function projectEuclidean(
  space: Space,
  point: ArrayLike<number>,
  out: Float64Array = new Float64Array(space.lower.length),
): Float64Array {
  requirePoint(space, point, Number.NEGATIVE_INFINITY)
  projectorOf(space).euclidean(point, out)
  return out
}

/**
 * The mixture w in the space with the least KL(w ‖ point) = Σ w_i ln(w_i / point_i). Any scale of the point gives the same.
 * An entry of 0 gets no more than the constraints force on it, whatever the divergence then is; in spaces with groups,
 * entries below e^−100 of the largest count as that. No constraint is violated by more than 1e-9.
 * Exact without groups (breakpoint search, O(m log m)); with groups a Newton method on their multipliers, to rounding. Where
 * overlapping groups leave the space no interior it may stop early; the divergence is then least but for about 1e-6.
 * @param point m finite numbers ≥ 0
 * @param out where to write, may be `point`; given, a space without groups allocates nothing
 * @throws InvalidInputError when no mixture meets the constraints; RangeError when the point is negative or not finite
 */
export function projectKl(
  space: Space,
  point: ArrayLike<number>,
  out: Float64Array = new Float64Array(space.lower.length),
): Float64Array {
  requirePoint(space, point, 0)
  projectorOf(space).kl(point, out)
  return out
}

function requirePoint(space: Space, point: ArrayLike<number>, least: number): void {
  const m = space.lower.length
  if (point.length !== m) throw new RangeError(`the point has ${point.length} entries, not ${m}`)
  for (let i = 0; i < m; i++) {
    if (!(point[i] >= least && Math.abs(point[i]) < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`entry ${i} of the point is ${point[i]}`)
    }
  }
}

function projectorOf(space: Space): Projector {
  let projector = projectors.get(space)
  if (!projector) {
    projector = createProjector(space)
    projectors.set(space, projector)
  }
  return projector
}

function createProjector(space: Space): Projector {
  requireBounds(space)
  const simplex = cappedSimplex(space.lower, space.upper)
  const groups = space.groups.filter(({ minimum, maximum }) => minimum > 0 || maximum < 1)
  return groups.length === 0 ? simplex : groupProjector(space, groups)
}

function groupProjector(space: Space, groups: readonly GroupConstraint[]): Projector {
  const m = space.lower.length
  const simplex = cappedSimplex(space.lower, space.upper)
  const dual = new GroupDual(space, groups)
  const euclideanSpace = euclideanGeometry(simplex, m)
  const klSpace = klGeometry(simplex, m)
  const zero = new Uint8Array(m)

  function converges(geometry: Geometry, point: ArrayLike<number>, out: Float64Array): boolean {
    geometry.setPoint(point)
    return dual.project(geometry, out) <= FEASIBILITY_TOLERANCE
  }

  function euclidean(point: ArrayLike<number>, out: Float64Array): void {
    const given = out === point ? Float64Array.from(point) : point
    if (converges(euclideanSpace, given, out)) return
    const nearest = nearestByActiveSet(space, groups, given)
    if (nearest && largestViolation(space, nearest) <= FEASIBILITY_TOLERANCE) out.set(nearest)
    else out.set(anyMixture(space))
  }

  function kl(point: ArrayLike<number>, out: Float64Array): void {
    for (let i = 0; i < m; i++) zero[i] = point[i] === 0 ? 1 : 0
    if (!converges(klSpace, point, out)) euclidean(out, out)
    for (let i = 0; i < m; i++)
      if (zero[i] === 1 && out[i] < STANDS_FOR_ZERO) out[i] = space.lower[i]
  }

  return { euclidean, kl }
}

/** The constraints may leave no interior at all, up to rounding; then every feasible mixture is as good as equal. */
function anyMixture(space: Space): Float64Array {
  const issues = checkFeasible(space)
  const mixture = issues.length === 0 ? leastViolatingMixture(space) : undefined
  if (!mixture) throw infeasible(issues)
  return mixture
}

function requireBounds(space: Space): void {
  const { lower, upper } = space
  let least = 0
  let most = 0
  let crossed = false
  for (let i = 0; i < lower.length; i++) {
    least += lower[i]
    most += upper[i]
    crossed ||= lower[i] > upper[i]
  }
  const empty = least > 1 + FEASIBILITY_TOLERANCE || most < 1 - FEASIBILITY_TOLERANCE
  if (crossed || empty) throw infeasible(checkFeasible(space))
}

function infeasible(issues: ReturnType<typeof checkFeasible>): InvalidInputError {
  return new InvalidInputError('No mixture meets all constraints.', issues)
}
