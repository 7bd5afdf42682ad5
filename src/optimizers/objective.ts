import type { CompleteProblem } from './problem.js'
import type { RunTable } from './types.js'

/** One metric's part in the objective: `weight · (oriented value − offset) / scale`. */
export interface ObjectiveTerm {
  readonly metric: string
  /** > 0. For a mean, weights sum to 1. */
  readonly weight: number
  readonly offset: number
  readonly scale: number
}

/** The objective as a function of oriented metric values (lower is better); lower is better itself. */
export interface ScalarObjective {
  readonly type: 'mean' | 'worst'
  readonly terms: readonly ObjectiveTerm[]
  /** Combines n oriented values a term (in the order of `terms`) into n objective values; NaN where a value is NaN. */
  combine(orientedValues: readonly ArrayLike<number>[]): Float64Array
}

/**
 * Compiles a problem's objective. With `scale: 'standard'` the scale and offset of a metric are the standard deviation and
 * mean of its oriented values over the training runs.
 */
export function compileObjective(problem: CompleteProblem, training?: RunTable): ScalarObjective {
  const { type, weights, scale } = problem.objective
  const used = metricsOfObjective(problem)
  const rawWeights = used.map(({ name }) => weights?.[name] ?? 1)
  const total = rawWeights.reduce((sum, weight) => sum + weight, 0)
  const terms = used.map((metric, i) => ({
    metric: metric.name,
    weight: type === 'mean' ? rawWeights[i] / total : rawWeights[i],
    ...(scale === 'standard'
      ? standardScale(type, metric.direction, training?.values.get(metric.name))
      : { offset: 0, scale: 1 }),
  }))
  return { type, terms, combine: (values) => combineTerms(type, terms, values) }
}

/** The objective of every run of a table (lower is better); NaN where a run lacks a metric of it. Scales are those of the table. */
export function measuredObjective(problem: CompleteProblem, runs: RunTable): Float64Array {
  const objective = compileObjective(problem, runs)
  const directions = new Map(problem.metrics.map(({ name, direction }) => [name, direction]))
  const missing = new Float64Array(runs.normalised.rows).fill(Number.NaN)
  return objective.combine(
    objective.terms.map(({ metric }) => {
      const values = runs.values.get(metric) ?? missing
      return directions.get(metric) === 'maximize' ? values.map((value) => -value) : values
    }),
  )
}

/** The metrics that have a part in the objective. */
export function metricsOfObjective({ metrics, objective }: CompleteProblem) {
  const { weights } = objective
  return metrics.filter(({ name }) => (weights ? (weights[name] ?? 0) > 0 : true))
}

function standardScale(
  type: 'mean' | 'worst',
  direction: 'minimize' | 'maximize',
  values: Float64Array | undefined,
): { offset: number; scale: number } {
  const finite = values?.filter(Number.isFinite) ?? new Float64Array()
  if (finite.length < 2) return { offset: 0, scale: 1 }
  const mean = finite.reduce((sum, value) => sum + value, 0) / finite.length
  const squares = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const scale = Math.sqrt(squares / (finite.length - 1)) || 1
  return { offset: type === 'worst' ? (direction === 'maximize' ? -mean : mean) : 0, scale }
}

function combineTerms(
  type: 'mean' | 'worst',
  terms: readonly ObjectiveTerm[],
  orientedValues: readonly ArrayLike<number>[],
): Float64Array {
  const count = orientedValues[0]?.length ?? 0
  const result = new Float64Array(count).fill(type === 'mean' ? 0 : Number.NEGATIVE_INFINITY)
  terms.forEach(({ weight, offset, scale }, k) => {
    const values = orientedValues[k]
    for (let i = 0; i < count; i++) {
      const term = (weight * (values[i] - offset)) / scale
      if (type === 'mean') result[i] += term
      // Math.max keeps NaN: a run that lacks a metric may owe its good worst case to that.
      else result[i] = Math.max(result[i], term)
    }
  })
  return result
}
