import type { FieldError } from '../../errors.js'
import { pointerToken } from '../../optimizers/issue.js'

/** A NUL character, or half of a surrogate pair: PostgreSQL can hold neither in text nor in JSON. */
export const UNSTORABLE_TEXT = /[\0\p{Surrogate}]/u
const DETAIL = 'holds a NUL character or half of a surrogate pair, which cannot be stored.'

const DEEPEST = 64

/** The first field of a JSON value that a database cannot hold: by its text, its name, or its nesting. */
export function findUnstorable(value: unknown, pointer = '', depth = 0): FieldError | undefined {
  if (typeof value === 'string') {
    return UNSTORABLE_TEXT.test(value) ? { pointer, detail: `The text ${DETAIL}` } : undefined
  }
  if (value === null || typeof value !== 'object') return undefined
  if (depth > DEEPEST) return { pointer, detail: `It is nested more than ${DEEPEST} levels deep.` }
  for (const [name, inner] of Object.entries(value)) {
    if (UNSTORABLE_TEXT.test(name)) return { pointer, detail: `A name in it ${DETAIL}` }
    const found = findUnstorable(inner, `${pointer}/${pointerToken(name)}`, depth + 1)
    if (found) return found
  }
  return undefined
}
