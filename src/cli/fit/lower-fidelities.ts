import type { Problem } from '../../optimizers/problem.js'
import { OPTIMIZERS } from '../../optimizers/registry.js'
import { UsageError } from '../failures.js'
import { type Costs, requireCosts, requireFidelity } from './costs.js'
import { type FidelityFiles, fidelityFiles } from './fidelity-files.js'

/** The fidelity of `--mixtures` and `--metrics`. */
export const TARGET = 'target'

/**
 * The tables of `--lower`, when the method has a use for them.
 * @throws UsageError
 */
export function lowerFidelities(lower: readonly string[], method: string): FidelityFiles[] {
  const files = lower.map((text) => fidelityFiles(text, '--lower'))
  if (files.length === 0) return files
  const able = [...OPTIMIZERS.values()].filter(({ capabilities }) => capabilities.fidelities)
  const names = able.map(({ name }) => name)
  if (!names.includes(method)) {
    throw new UsageError(
      `--lower: the method ${method} learns from the runs of one fidelity`,
      `Methods that learn from several: ${names.map((name) => `--method ${name}`).join(', ')}.`,
    )
  }
  const fidelities = files.map(({ fidelity }) => fidelity)
  if (fidelities.includes(TARGET)) {
    throw new UsageError(
      `--lower: "${TARGET}" is taken: so the runs of --mixtures and --metrics are called`,
      'Give the fidelity another name.',
    )
  }
  const twice = fidelities.find((name, i) => fidelities.indexOf(name) !== i)
  if (twice === undefined) return files
  throw new UsageError(`--lower: "${twice}" is taken`, 'Give every fidelity a name of its own.')
}

/**
 * In the order given, and last what the recommendation is for.
 * @throws UsageError for costs of some of them only, or of others
 */
export function fidelitiesOf(
  lower: readonly FidelityFiles[],
  cost: Costs = new Map(),
): Pick<Problem, 'fidelities'> {
  if (lower.length === 0) {
    if (cost.size === 0) return {}
    throw new UsageError('--cost is about runs of several models', 'Give the others with --lower.')
  }
  const names = [...lower.map(({ fidelity }) => fidelity), TARGET]
  for (const name of cost.keys()) requireFidelity(name, names, '--cost', '--lower and --mixtures')
  if (cost.size > 0) requireCosts(names, cost)
  const given = (name: string) => (cost.has(name) ? { cost: cost.get(name) } : {})
  return { fidelities: names.map((name) => ({ name, evaluator: 'table', ...given(name) })) }
}
