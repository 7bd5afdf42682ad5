import { projectKl } from '../../mixture/index.js'
import { flooredPrior } from '../../mixture/reference-mixtures.js'
import { descend } from './entropic-descent.js'
import { type LawProblem, type LawSolution, termValue } from './law-problem.js'
import { solveMinimax } from './minimax.js'

export { type LawProblem, type LawSolution, type LawTerm, lawObjective } from './law-problem.js'

const MEAN_ITERATIONS = 20_000
const WARM_UP_ITERATIONS = 300

/**
 * Minimises the convex objective of Olmix's exact proposer (arXiv 2602.12237) over the space. A mean is smooth: entropic descent. A
 * worst case is brought near its optimum by descent on a smoothed form, then finished by sequential quadratic programming.
 */
export function solveLaws(problem: LawProblem): LawSolution {
  const prior = flooredPrior(problem.prior)
  const start = projectKl(problem.space, prior)
  if (problem.terms.length === 1) {
    return descend({ ...problem, type: 'mean' }, prior, start, 0, MEAN_ITERATIONS)
  }
  if (problem.type === 'mean') return descend(problem, prior, start, 0, MEAN_ITERATIONS)
  const values = problem.terms.map((term) => termValue(term, start))
  const spread = Math.max(1e-9, Math.max(...values) - Math.min(...values))
  const near = [1e-1, 1e-2].reduce(
    (from, fraction) =>
      descend(problem, prior, from, fraction * spread, WARM_UP_ITERATIONS).weights,
    start,
  )
  return solveMinimax(problem, prior, near)
}
