import { duplicateNameIssues, InvalidInputError, type Issue, pointerToken } from './issue.js'
import { checkFeasible, compileSpace } from './mixture/index.js'
import type { CompleteProblem, Fidelity, Objective, Problem } from './problem.js'
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
    ...complete.fidelities.flatMap((fidelity, i) => proxyIssues(fidelity, i, complete)),
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

/** Of every domain's validation loss, in nats per token: what proxies measure. */
export function lossMetric(domain: string): string {
  return `loss/${domain}`
}

/** What a fidelity with proxies needs of the problem around it. */
function proxyIssues(fidelity: Fidelity, i: number, problem: CompleteProblem): Issue[] {
  const base = `/fidelities/${i}`
  const { evaluator, proxy } = fidelity
  if (evaluator === 'proxy' && fidelity.tokens !== undefined) {
    const detail = 'The evaluator `proxy` has its tokens in `proxy`.'
    return [{ pointer: `${base}/tokens`, detail }]
  }
  if (evaluator !== 'proxy') {
    return proxy
      ? [{ pointer: `${base}/proxy`, detail: 'Only the evaluator `proxy` takes it.' }]
      : []
  }
  const issues: Issue[] = []
  if (!proxy) issues.push({ pointer: `${base}/proxy`, detail: 'The evaluator `proxy` needs it.' })
  if (!problem.corpus) {
    issues.push({ pointer: '/corpus', detail: 'The evaluator `proxy` needs a corpus to train on.' })
  }
  if (proxy?.simulatedEpoching && problem.targetTokens === undefined) {
    issues.push({ pointer: '/targetTokens', detail: '`simulatedEpoching` needs it.' })
  }
  if (proxy && typeof proxy.model === 'object' && proxy.model.width % proxy.model.heads !== 0) {
    const detail = `It has to divide the width, ${proxy.model.width}.`
    issues.push({ pointer: `${base}/proxy/model/heads`, detail })
  }
  const measured = new Set(problem.domains.map(({ name }) => lossMetric(name)))
  const unmeasured = problem.metrics.filter(({ name }) => !measured.has(name))
  return [
    ...issues,
    ...unmeasured.map(({ name }) => ({
      pointer: '/metrics',
      detail: `Proxies do not measure "${name}"; they measure losses, such as "${lossMetric(problem.domains[0].name)}".`,
    })),
  ]
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
