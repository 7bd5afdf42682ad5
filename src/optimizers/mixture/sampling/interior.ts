import { groupSum } from '../active-constraints.js'
import { projectEuclidean } from '../projection/project.js'
import type { GroupConstraint, Space } from '../types.js'

/** The feasible set as seen from inside: what hit-and-run walks in. */
export interface Interior {
  /** A point with slack in every constraint that has any (a relative interior point). */
  readonly centre: Float64Array
  /** Feasible points that spread over the whole set; their differences are directions that fit its widths. */
  readonly extremes: readonly Float64Array[]
  /** Coordinates that can move. */
  readonly free: Int32Array
  /** Orthonormal normals (m entries, zero off `free`) of the equalities that hold all over the set. */
  readonly normals: readonly Float64Array[]
  /** Groups that can bind and are not equalities. */
  readonly groups: readonly GroupConstraint[]
}

/** Slack below which a constraint counts as an equality all over the set. */
const NO_SLACK = 1e-9

/** How far outside the set the points are that are projected on it; its diameter is at most √2. */
const FAR = 2

/**
 * Looks at the feasible set from inside. A constraint has slack somewhere if and only if the projection of a feasible
 * point, moved along the constraint's normal, has; so the mean of all these projections has slack wherever there is any.
 */
export function interiorOf(space: Space): Interior {
  const m = space.names.length
  const start = projectEuclidean(space, new Float64Array(m).fill(1 / m))
  const extremes: Float64Array[] = [start]
  const reach = (members: Int32Array, sign: number) => {
    const point = start.slice()
    for (const i of members) point[i] += sign * FAR
    extremes.push(projectEuclidean(space, point))
  }
  const groups = space.groups.filter(({ minimum, maximum }) => minimum > 0 || maximum < 1)
  for (let i = 0; i < m; i++) {
    if (space.lower[i] === space.upper[i]) continue
    reach(Int32Array.of(i), 1)
    reach(Int32Array.of(i), -1)
  }
  for (const { members } of groups) {
    reach(members, 1)
    reach(members, -1)
  }
  const mean = new Float64Array(m)
  for (const point of extremes) {
    for (let i = 0; i < m; i++) mean[i] += point[i] / extremes.length
  }
  const centre = projectEuclidean(space, mean)
  const slack = (i: number) => Math.min(centre[i] - space.lower[i], space.upper[i] - centre[i])
  const free = Int32Array.from(space.names.keys()).filter((i) => slack(i) > NO_SLACK)
  const tight = (group: GroupConstraint) => {
    const sum = groupSum(group, centre)
    return Math.min(sum - group.minimum, group.maximum - sum) <= NO_SLACK
  }
  const normals = orthonormal(m, free, [
    Int32Array.from(space.names.keys()),
    ...groups.filter(tight).map(({ members }) => members),
  ])
  return { centre, extremes, free, normals, groups: groups.filter((group) => !tight(group)) }
}

/** Gram–Schmidt on the indicator vectors of the member lists, restricted to the free coordinates. */
function orthonormal(
  m: number,
  free: Int32Array,
  memberLists: readonly Int32Array[],
): Float64Array[] {
  const isFree = new Uint8Array(m)
  for (const i of free) isFree[i] = 1
  const basis: Float64Array[] = []
  for (const members of memberLists) {
    const normal = new Float64Array(m)
    for (const i of members) normal[i] = isFree[i]
    // Twice, because one pass leaves rounding errors where the vectors nearly depend on each other.
    removeComponents(normal, basis)
    removeComponents(normal, basis)
    const length = Math.hypot(...normal)
    if (length > 1e-6) basis.push(normal.map((value) => value / length))
  }
  return basis
}

/** Subtracts from `vector`, in place, its components along orthonormal `basis` vectors. */
export function removeComponents(vector: Float64Array, basis: readonly Float64Array[]): void {
  for (const normal of basis) {
    let dot = 0
    for (let i = 0; i < vector.length; i++) dot += vector[i] * normal[i]
    for (let i = 0; i < vector.length; i++) vector[i] -= dot * normal[i]
  }
}

/** Largest t ≥ 0 for which point + t · direction is feasible, for a direction that keeps the equalities. */
export function distanceToBoundary(
  space: Space,
  interior: Interior,
  point: Float64Array,
  direction: Float64Array,
): number {
  let longest = Number.POSITIVE_INFINITY
  const limit = (room: number, speed: number) => {
    if (speed > 0) longest = Math.min(longest, Math.max(0, room) / speed)
  }
  for (const i of interior.free) {
    limit(space.upper[i] - point[i], direction[i])
    limit(point[i] - space.lower[i], -direction[i])
  }
  for (const group of interior.groups) {
    const sum = groupSum(group, point)
    const speed = groupSum(group, direction)
    limit(group.maximum - sum, speed)
    limit(sum - group.minimum, -speed)
  }
  return longest
}
