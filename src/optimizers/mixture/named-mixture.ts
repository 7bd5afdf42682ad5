import { InvalidInputError, type Issue, pointerToken } from '../issue.js'
import type { Mixture } from '../problem.js'
import type { Space } from './types.js'

/** The weights (m entries, in the order of the space's domains) as a map from domain name to weight. */
export function toMixture(space: Space, weights: ArrayLike<number>): Mixture {
  return Object.fromEntries(space.names.map((name, i) => [name, weights[i]]))
}

/**
 * The weights of a mixture in the order of the space's domains, as given (not renormalised); names left out count as 0.
 * Only the simplex is checked, not the constraints of the space.
 * @param tolerance how far the sum may be off 1
 * @throws InvalidInputError with every issue: unknown domain, negative or non-finite weight, sum off; pointers are
 * relative to the mixture
 */
export function fromMixture(space: Space, mixture: Mixture, tolerance = 1e-6): Float64Array {
  const issues: Issue[] = []
  const weights = new Float64Array(space.names.length)
  let sum = 0
  const refuse = (name: string, detail: string) =>
    issues.push({ pointer: `/${pointerToken(name)}`, detail })
  for (const [name, weight] of Object.entries(mixture)) {
    const i = space.indexOf.get(name)
    if (i === undefined) {
      refuse(name, `There is no domain "${name}" in this space.`)
    } else if (!Number.isFinite(weight) || weight < 0) {
      refuse(name, `A weight is a finite number ≥ 0, not ${weight}.`)
    } else {
      weights[i] = weight
      sum += weight
    }
  }
  if (issues.length === 0 && Math.abs(sum - 1) > tolerance) {
    const detail = `The weights sum to ${sum}, not to 1 within ${tolerance}.`
    issues.push({ pointer: '', detail })
  }
  if (issues.length > 0) throw new InvalidInputError('The mixture is not valid.', issues)
  return weights
}
