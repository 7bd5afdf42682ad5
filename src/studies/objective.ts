import { compileObjective } from '../optimizers/objective.js'
import type { CompleteProblem } from '../optimizers/problem.js'

/** Metric name → value, to the study's objective; NaN when a metric of the objective is missing. */
export type ObjectiveOfValues = (values: Readonly<Record<string, number>>) => number

/** The study's objective at one measurement, lower is better; for display, so metrics are not standardised. */
export function objectiveFor(problem: CompleteProblem): ObjectiveOfValues {
  const directions = new Map(problem.metrics.map(({ name, direction }) => [name, direction]))
  const { terms, combine } = compileObjective(problem)
  return (values) => {
    const oriented = terms.map(({ metric }) => {
      const value = Object.hasOwn(values, metric) ? values[metric] : Number.NaN
      return [directions.get(metric) === 'maximize' ? -value : value]
    })
    return combine(oriented)[0]
  }
}

/** The same for one measurement of a problem. */
export function objectiveOf(
  problem: CompleteProblem,
  values: Readonly<Record<string, number>>,
): number {
  return objectiveFor(problem)(values)
}
