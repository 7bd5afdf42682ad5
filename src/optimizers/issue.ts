/** One thing that is wrong with an input, said for the person who sent it. */
export interface Issue {
  /** JSON Pointer (RFC 6901) into the input, for instance `/domains/3/tokens`; '' is the whole input. */
  pointer: string
  /** What is wrong, and what would be right, in one or two sentences. */
  detail: string
}

/** One reference token of a JSON Pointer, escaped (RFC 6901 §3). */
export const pointerToken = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1')

/** Names that stand more than once under `root`; what is named must differ. */
export function duplicateNameIssues(named: readonly { name: string }[], root: string): Issue[] {
  const firstAt = new Map<string, number>()
  return named.flatMap(({ name }, i) => {
    const first = firstAt.get(name)
    if (first === undefined) {
      firstAt.set(name, i)
      return []
    }
    const detail = `The name "${name}" is already taken by ${root}/${first}; names must differ.`
    return [{ pointer: `${root}/${i}/name`, detail }]
  })
}

/** What kind of refusal it is; the codes are part of the catalogue in errors.ts. */
export type InvalidInputCode = 'validation-failed' | 'infeasible-space' | 'too-few-runs'

/** Thrown by pure code when an input cannot be worked with; carries everything that is wrong, not the first thing. */
export class InvalidInputError extends Error {
  override readonly name = 'InvalidInputError'
  readonly issues: readonly Issue[]
  readonly code: InvalidInputCode

  constructor(
    message: string,
    issues: readonly Issue[],
    code: InvalidInputCode = 'validation-failed',
  ) {
    super(message)
    this.issues = issues
    this.code = code
  }
}
