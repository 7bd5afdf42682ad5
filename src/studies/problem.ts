import { MixwrightError } from '../errors.js'
import { hashCanonical } from '../optimizers/canonical-json.js'
import { compileProblem } from '../optimizers/complete-problem.js'
import { InvalidInputError } from '../optimizers/issue.js'
import type { CompleteProblem, Problem } from '../optimizers/problem.js'

/**
 * The problem with every default written out.
 * @throws MixwrightError `validation-failed` or `infeasible-space`, with pointers below `base`
 */
export function completeProblem(problem: Problem, base = ''): CompleteProblem {
  return refuseAsMixwrightError(() => compileProblem(problem).problem, base)
}

/** Runs pure code and turns its refusal of the input into the catalogue's error, with pointers below `base`. */
export function refuseAsMixwrightError<T>(work: () => T, base = ''): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    throw new MixwrightError(
      error.code,
      error.message,
      error.issues.map(({ pointer, detail }) => ({ pointer: base + pointer, detail })),
    )
  }
}

/** SHA-256 (hex) of the problem in canonical JSON: equal problems have equal hashes, whatever the order of keys. */
export function hashProblem(problem: CompleteProblem): string {
  return hashCanonical(problem)
}
