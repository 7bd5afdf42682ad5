import { Ajv, type AnySchema, type ErrorObject } from 'ajv'

/** A compiled schema: the problems with a value, or null when there are none. */
export type Validate = (value: unknown) => ErrorObject[] | null

/** Values beyond this make listing every problem slow enough to hold up other requests; then the first one is given. */
const MOST_VALUES_FOR_ALL_ERRORS = 20_000

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Schemas come from TypeBox, so checking the schemas themselves would find nothing and take half of the start. */
const common = {
  strict: true,
  validateSchema: false,
  verbose: true,
  formats: { uuid: UUID },
} as const

const bodies = new Ajv({ ...common, allErrors: true })
const largeBodies = new Ajv(common)
const queries = new Ajv({ ...common, allErrors: true, coerceTypes: true })
const responses = new Ajv({ ...common, formats: { ...common.formats, 'date-time': true } })
responses.addVocabulary(['headers', 'x-response-description'])

/** Bodies are taken as they are: nothing is converted, removed or filled in. */
export function compileBody(schema: AnySchema): Validate {
  const all = bodies.compile(schema)
  return (value) => {
    const isLarge = hasMoreValuesThan(value, MOST_VALUES_FOR_ALL_ERRORS)
    const check = isLarge ? largeBodies.compile(schema) : all
    return check(value) ? null : (check.errors ?? [])
  }
}

/** Queries and path parameters arrive as text, which is converted to the types of the schema in place. */
export function compileQuery(schema: AnySchema): Validate {
  const check = queries.compile(schema)
  return (value) => (check(value) ? null : (check.errors ?? []))
}

/** For answers; compiled when first needed, so that starting takes no time for it. */
export function compileResponse(schema: AnySchema): Validate {
  return (value) => {
    const check = responses.compile(schema)
    return check(value) ? null : (check.errors ?? [])
  }
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
