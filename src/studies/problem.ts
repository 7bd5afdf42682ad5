import { type FieldError, MixwrightError } from '../errors.js'
import { hashCanonical } from '../optimizers/canonical-json.js'
import { compileProblem } from '../optimizers/complete-problem.js'
import { InvalidInputError, type Issue } from '../optimizers/issue.js'
import { compileSpace } from '../optimizers/mixture/index.js'
import type { CompleteProblem, Problem } from '../optimizers/problem.js'
import type { CompiledProblem } from '../optimizers/types.js'

/** More are cut off: nobody reads them, and an answer with all names of a large problem in each would be huge. */
const MOST_ISSUES = 100
const LONGEST_DETAIL = 1000

/**
 * A problem as somebody wrote it, checked, with every default written out and its space compiled.
 * @throws MixwrightError `validation-failed` or `infeasible-space`, with pointers below `base`
 */
export function checkProblem(problem: Problem, base = ''): CompiledProblem {
  refuseLongMaps(problem, base)
  return refuseAsMixwrightError(() => compileProblem(problem), base)
}

/** The same for a problem that was checked when it was stored: whether a mixture exists is not asked again. */
export function compileStored(problem: CompleteProblem): CompiledProblem {
  return { problem, space: compileSpace(problem) }
}

/**
 * The problem with every default written out.
 * @throws MixwrightError as `checkProblem`
 */
export function completeProblem(problem: Problem, base = ''): CompleteProblem {
  return checkProblem(problem, base).problem
}

/**
 * A map over declared names has no more entries than there are names. This is asked first: explaining each of many
 * thousand unknown names with the list of known ones would take more memory than there is.
 */
function refuseLongMaps({ domains, metrics, prior, objective }: Problem, base: string): void {
  const maps = [
    { pointer: '/prior', map: prior, names: domains, of: 'domains' },
    { pointer: '/objective/weights', map: objective?.weights, names: metrics, of: 'metrics' },
  ]
  const errors = maps.flatMap(({ pointer, map = {}, names, of }) => {
    const count = Object.keys(map).length
    if (count <= names.length) return []
    const detail = `It has ${count} entries, and the problem ${names.length} ${of}.`
    return [{ pointer: base + pointer, detail }]
  })
  if (errors.length === 0) return
  throw new MixwrightError('validation-failed', 'The problem names what it does not have.', errors)
}

/** Runs pure code and turns its refusal of the input into the catalogue's error, with pointers below `base`. */
export function refuseAsMixwrightError<T>(work: () => T, base = ''): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    throw new MixwrightError(error.code, error.message, asFieldErrors(error.issues, base))
  }
}

function asFieldErrors(issues: readonly Issue[], base: string): FieldError[] {
  return issues.slice(0, MOST_ISSUES).map(({ pointer, detail }) => ({
    pointer: base + pointer,
    detail: detail.length > LONGEST_DETAIL ? `${detail.slice(0, LONGEST_DETAIL)}…` : detail,
  }))
}

/** SHA-256 (hex) of the problem in canonical JSON: equal problems have equal hashes, whatever the order of keys. */
export function hashProblem(problem: CompleteProblem): string {
  return hashCanonical(problem)
}
