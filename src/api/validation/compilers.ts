import { Ajv, type AnySchema, type ValidateFunction } from 'ajv'
import { COMMON_OPTIONS, type Validate } from '../../formats/validation/index.js'

const queries = new Ajv({ ...COMMON_OPTIONS, allErrors: true, coerceTypes: true })
const responses = new Ajv({
  ...COMMON_OPTIONS,
  formats: { ...COMMON_OPTIONS.formats, 'date-time': true },
})
responses.addVocabulary(['headers', 'x-response-description'])

/** Queries and path parameters arrive as text, which is converted to the types of the schema in place. */
export function compileQuery(schema: AnySchema): Validate {
  const check = queries.compile(schema)
  return (value) => (check(value) ? null : (check.errors ?? []))
}

/** For answers; compiled when first needed, so that starting takes no time for it. */
export function compileResponse(schema: AnySchema): Validate {
  let check: ValidateFunction | undefined
  return (value) => {
    check ??= responses.compile(schema)
    return check(value) ? null : (check.errors ?? [])
  }
}
