import { compileObjective } from '../optimizers/objective.js'
import type { CompleteProblem } from '../optimizers/problem.js'

/**
 * The study's objective at one measurement, lower is better; for display, so metrics are not standardised.
 * @param values metric name → value; NaN comes back when a metric of the objective is missing
 */
export function objectiveOf(
  problem: CompleteProblem,
  values: Readonly<Record<string, number>>,
): number {
  const directions = new Map(problem.metrics.map(({ name, direction }) => [name, direction]))
  const { terms, combine } = compileObjective(problem)
  const oriented = terms.map(({ metric }) => {
    const value = Object.hasOwn(values, metric) ? values[metric] : Number.NaN
    return [directions.get(metric) === 'maximize' ? -value : value]
  })
  return combine(oriented)[0]
}
