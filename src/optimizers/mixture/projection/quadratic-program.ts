import { solveQP } from 'quadprog'
import type { GroupConstraint, Space } from '../types.js'

/**
 * The point of the space nearest to `point`, by Goldfarb and Idnani's dual active-set method over the domains that are
 * not fixed; undefined where it finds the constraints inconsistent, which rounding can cause when they leave no interior.
 */
export function nearestByActiveSet(
  space: Space,
  groups: readonly GroupConstraint[],
  point: ArrayLike<number>,
): Float64Array | undefined {
  const { lower, upper } = space
  const free = [...lower.keys()].filter((i) => lower[i] < upper[i])
  const columnOf = new Map(free.map((i, column) => [i, column + 1]))
  const rows: { members: number[]; sign: number; limit: number }[] = []
  const fixedIn = (members: Iterable<number>) => {
    let sum = 0
    for (const i of members) if (!columnOf.has(i)) sum += lower[i]
    return sum
  }
  rows.push({ members: free, sign: 1, limit: 1 - fixedIn(lower.keys()) })
  for (const { members, minimum, maximum } of groups) {
    const inside = [...members].filter((i) => columnOf.has(i))
    const fixed = fixedIn(members)
    rows.push({ members: inside, sign: 1, limit: minimum - fixed })
    rows.push({ members: inside, sign: -1, limit: maximum - fixed })
  }
  for (const i of free) {
    rows.push({ members: [i], sign: 1, limit: lower[i] })
    rows.push({ members: [i], sign: -1, limit: upper[i] })
  }
  const n = free.length
  const matrix = Array.from({ length: n + 1 }, () => new Array<number>(rows.length + 1).fill(0))
  rows.forEach(({ members, sign }, r) => {
    for (const i of members) matrix[columnOf.get(i) as number][r + 1] = sign
  })
  const identity = Array.from({ length: n + 1 }, (_, i) =>
    Array.from({ length: n + 1 }, (__, j) => (i === j ? 1 : 0)),
  )
  const limits = [0, ...rows.map(({ sign, limit }) => sign * limit)]
  const { solution, message } = solveQP(
    identity,
    [0, ...free.map((i) => point[i])],
    matrix,
    limits,
    1,
  )
  if (message !== '') return undefined
  const nearest = lower.slice()
  for (const [i, column] of columnOf) nearest[i] = solution[column]
  return nearest
}
