import { UsageError } from '../failures.js'

/** Fidelity → cost of a run. */
export type Costs = ReadonlyMap<string, number>

/**
 * @param names of the fidelities that there are runs at
 * @param option that gives them
 * @throws UsageError for a name that is none of them
 */
export function requireFidelity(
  name: string,
  names: readonly string[],
  option: string,
  given = '--runs',
): void {
  if (names.includes(name)) return
  throw new UsageError(
    `${option}: there are no runs at "${name}"`,
    `The fidelities given by ${given} are ${names.join(', ')}.`,
  )
}

/** @throws UsageError for fidelities without a cost */
export function requireCosts(names: readonly string[], cost: Costs): void {
  const lacking = names.filter((name) => !cost.has(name))
  if (lacking.length === 0) return
  throw new UsageError(
    `--cost: what a run costs is missing for ${lacking.map((name) => `"${name}"`).join(', ')}`,
    `With several fidelities each needs its cost: ${lacking.map((name) => `--cost ${name}=…`).join(' ')}`,
  )
}
