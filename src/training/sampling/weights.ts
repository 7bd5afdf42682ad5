import { type FieldError, MixwrightError } from '../../errors.js'
import { pointerToken } from '../../optimizers/issue.js'

/** As far as a sum of weights given as a mixture may be from 1. */
const SUM_TOLERANCE = 1e-6

/**
 * Weights in the order of the domains, divided by their sum.
 * @param weights domain → share ≥ 0, sum 1 within 1e-6; a domain left out has none
 * @throws MixwrightError `validation-failed` naming every weight at fault
 */
export function domainWeights(
  names: readonly string[],
  weights: Readonly<Record<string, number>>,
): Float64Array {
  const errors = Object.entries(weights).flatMap(([name, weight]) =>
    weightProblems(name, weight, names),
  )
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0)
  if (errors.length === 0 && !(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
    errors.push({ pointer: '/weights', detail: `The weights sum to ${sum}, not to 1.` })
  }
  if (errors.length > 0) {
    const first = errors[0].detail
    throw new MixwrightError('validation-failed', `the weights are not a mixture: ${first}`, errors)
  }
  return Float64Array.from(names, (name) =>
    Object.hasOwn(weights, name) ? weights[name] / sum : 0,
  )
}

function weightProblems(name: string, weight: number, names: readonly string[]): FieldError[] {
  const pointer = `/weights/${pointerToken(name)}`
  if (!names.includes(name)) {
    return [{ pointer, detail: `"${name}" is not one of the domains ${names.join(', ')}.` }]
  }
  if (weight >= 0 && weight <= 1 + SUM_TOLERANCE) return []
  return [{ pointer, detail: `The weight of "${name}" is ${weight}, not a number from 0 to 1.` }]
}
