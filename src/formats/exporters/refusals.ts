import { type FieldError, MixwrightError } from '../../errors.js'
import { pointerToken } from '../../optimizers/issue.js'
import { didYouMean } from '../nearest-name.js'

const MOST_ERRORS = 50
/** Comparing many unknown names with many known ones would hold up other requests. */
const MOST_SUGGESTIONS = 3

/** @throws MixwrightError `validation-failed` when there are errors */
export function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return
  const detail = 'The mixture cannot be exported like this.'
  throw new MixwrightError('validation-failed', detail, errors.slice(0, MOST_ERRORS))
}

/** Says that one thing is wrong; never returns. */
export function refuseField(pointer: string, detail: string): never {
  throw new MixwrightError('validation-failed', 'The mixture cannot be exported like this.', [
    { pointer, detail },
  ])
}

/** For names of a map below `base` that are not the names of domains. */
export function unknownNames(
  names: readonly string[],
  domains: ReadonlyMap<string, unknown>,
  base: string,
): FieldError[] {
  const unknown = names.filter((name) => !domains.has(name)).slice(0, MOST_ERRORS)
  return unknown.map((name, i) => {
    const hint = i < MOST_SUGGESTIONS ? didYouMean(name, [...domains.keys()]) : ''
    const detail = `There is no domain of this name${hint || '.'}`
    return { pointer: `${base}/${pointerToken(name)}`, detail }
  })
}
