import { minimiseBounded } from './lbfgs-bounded.js'
import type { Bounds, MinimisationOptions, Minimum, SmoothObjective } from './types.js'

/** The best end, with the iterations and evaluations of all searches. */
export interface MinimumFromStarts extends Minimum {
  /** How the search from each start ended, in the order of the starts. */
  readonly ends: readonly Minimum[]
}

/**
 * Minimises from several starts, each with the options for itself, and keeps the end with the least
 * value, of equal ones the first. Starts at which the objective is not finite are passed over.
 * @param starts at least one point of as many entries as there are bounds
 * @throws RangeError when the objective is finite at no start; and as `minimiseBounded` does
 */
export function minimiseFromStarts(
  objective: SmoothObjective,
  starts: readonly ArrayLike<number>[],
  bounds: Bounds,
  options: MinimisationOptions = {},
): MinimumFromStarts {
  const ends = starts.map((start) => minimiseBounded(objective, start, bounds, options))
  const usable = ends.filter(({ reason }) => reason !== 'not-finite')
  if (usable.length === 0) {
    throw new RangeError(`the objective is finite at none of the ${starts.length} starts`)
  }
  const best = usable.reduce((kept, end) => (end.value < kept.value ? end : kept))
  return {
    ...best,
    iterations: ends.reduce((sum, end) => sum + end.iterations, 0),
    evaluations: ends.reduce((sum, end) => sum + end.evaluations, 0),
    ends,
  }
}
