import { duplicateNameIssues, InvalidInputError, type Issue, pointerToken } from './issue.js'
import { checkFeasible, compileSpace } from './mixture/index.js'
import type { CompleteProblem, Objective, Problem } from './problem.js'
import type { CompiledProblem } from './types.js'

const DEFAULT_FIDELITY = { name: 'default', evaluator: 'table' } as const

/**
 * Writes every default of a problem out, checks what a schema cannot (names that refer to other names, an
 * empty space), and compiles its space.
 * @throws InvalidInputError naming every field at fault; code `infeasible-space` when no mixture meets the constraints
 */
export function compileProblem(problem: Problem): CompiledProblem {
  const complete: CompleteProblem = {
    ...problem,
    metrics: problem.metrics.map((metric) => ({ direction: 'minimize', ...metric })),
    objective: { scale: 'none', type: 'mean', ...problem.objective },
    fidelities: (problem.fidelities ?? [DEFAULT_FIDELITY]).map((fidelity, i) => ({
      cost: 1,
      order: i,
      ...fidelity,
    })),
  }
  const issues = [
    ...duplicateNameIssues(complete.metrics, '/metrics'),
    ...duplicateNameIssues(complete.fidelities, '/fidelities'),
    ...objectiveIssues(
      complete.objective,
      complete.metrics.map(({ name }) => name),
    ),
  ]
  if (issues.length > 0) throw new InvalidInputError('the problem is not valid', issues)
  const space = compileSpace(complete)
  const conflicts = checkFeasible(space)
  if (conflicts.length > 0) {
    throw new InvalidInputError('no mixture meets all constraints', conflicts, 'infeasible-space')
  }
  return { problem: complete, space }
}

function objectiveIssues(objective: Objective, metricNames: readonly string[]): Issue[] {
  const { weights } = objective
  if (!weights) return []
  const unknown = Object.keys(weights).filter((name) => !metricNames.includes(name))
  if (unknown.length > 0) {
    return unknown.map((name) => ({
      pointer: `/objective/weights/${pointerToken(name)}`,
      detail: `"${name}" is not a metric of this problem; the metrics are ${metricNames.join(', ')}.`,
    }))
  }
  if (Object.values(weights).some((weight) => weight > 0)) return []
  return [{ pointer: '/objective/weights', detail: 'At least one metric needs a weight above 0.' }]
}
