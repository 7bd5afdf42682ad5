import { MixwrightError } from '../../errors.js'
import { pointerToken } from '../../optimizers/issue.js'

/** JSON Pointer of the first number in a value that is NaN or infinite, or undefined. */
export function findNonFinite(value: unknown, pointer = ''): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : pointer
  if (value === null || typeof value !== 'object') return undefined
  for (const [name, inner] of Object.entries(value)) {
    const found = findNonFinite(inner, `${pointer}/${pointerToken(name)}`)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * A result that holds what JSON cannot express is a failure: stored, it would come back with nulls in the place of numbers.
 * @throws MixwrightError `out-of-range`
 */
export function requireFinite<T>(result: T): T {
  const pointer = findNonFinite(result)
  if (pointer === undefined) return result
  throw new MixwrightError(
    'out-of-range',
    `In the result ${pointer} is not finite. Very large or very small token counts, metric values, objective weights or ` +
      'parameters do that.',
  )
}
