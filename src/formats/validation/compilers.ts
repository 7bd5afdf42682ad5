import { Ajv, type AnySchema, type ErrorObject } from 'ajv'

/** A compiled schema: the problems with a value, or null when there are none. */
export type Validate = (value: unknown) => ErrorObject[] | null

/** Values beyond this make listing every problem slow enough to hold up other requests; then the first one is given. */
const MOST_VALUES_FOR_ALL_ERRORS = 20_000

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Schemas come from TypeBox, so checking the schemas themselves would find nothing and take half of the start. */
export const COMMON_OPTIONS = {
  strict: true,
  validateSchema: false,
  verbose: true,
  formats: { uuid: UUID, 'date-time': isTime },
} as const

const all = new Ajv({ ...COMMON_OPTIONS, allErrors: true })
const first = new Ajv(COMMON_OPTIONS)

/** Values are taken as they are: nothing is converted, removed or filled in. The same schema is compiled once. */
export function compileStrict(schema: AnySchema): Validate {
  const listing = all.compile(schema)
  return (value) => {
    const isLarge = hasMoreValuesThan(value, MOST_VALUES_FOR_ALL_ERRORS)
    const check = isLarge ? first.compile(schema) : listing
    return check(value) ? null : (check.errors ?? [])
  }
}

/** RFC 3339, and a time that there is. */
function isTime(text: string): boolean {
  return TIME.test(text) && !Number.isNaN(Date.parse(text))
}

function hasMoreValuesThan(value: unknown, limit: number): boolean {
  const pending = [value]
  for (let seen = 0; pending.length > 0; seen++) {
    if (seen + pending.length > limit) return true
    const next = pending.pop()
    if (next === null || typeof next !== 'object') continue
    const inner = Object.values(next)
    if (seen + pending.length + inner.length > limit) return true
    pending.push(...inner)
  }
  return false
}
