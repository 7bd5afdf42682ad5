import { groupSum } from './active-constraints.js'
import type { Space } from './types.js'

/**
 * How far `weights` (m entries) are outside the space: the largest amount by which the sum, a bound or a group is
 * missed; 0 when all hold, Infinity when a weight is not a number.
 */
export function largestViolation(space: Space, weights: ArrayLike<number>): number {
  const { lower, upper, groups } = space
  let worst = 0
  let sum = 0
  for (let i = 0; i < lower.length; i++) {
    const weight = weights[i]
    sum += weight
    if (lower[i] - weight > worst) worst = lower[i] - weight
    if (weight - upper[i] > worst) worst = weight - upper[i]
  }
  worst = Math.max(worst, Math.abs(sum - 1))
  for (const group of groups) {
    const total = groupSum(group, weights)
    worst = Math.max(worst, group.minimum - total, total - group.maximum)
  }
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst
}
