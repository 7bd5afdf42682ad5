import { activeConstraints, withoutConstraint } from '../mixture/index.js'
import type { Space } from '../mixture/types.js'
import type { ActiveConstraint } from '../recommendation.js'

/** Relaxing every one of very many constraints would cost more than the search itself. */
const MOST_COSTED = 12

/**
 * The constraints that bind at `weights`, and what each costs: how much the optimum falls when that one is lifted.
 * @param optimum the least predicted objective over a space
 */
export function costConstraints(
  space: Space,
  weights: Float64Array,
  optimum: (space: Space) => number,
): ActiveConstraint[] {
  const active = activeConstraints(space, weights)
  if (active.length === 0) return []
  const constrained = optimum(space)
  return active.map((constraint, i) => ({
    ...constraint,
    cost:
      i < MOST_COSTED
        ? Math.max(
            0,
            constrained - optimum(withoutConstraint(space, constraint.kind, constraint.name)),
          )
        : null,
  }))
}
