import type { AnySchema } from 'ajv'
import type { FieldError } from '../../errors.js'
import { compileStrict } from './compilers.js'
import { toFieldErrors } from './field-errors.js'

/** What a schema has against a value, field by field, in sentences; at most 50. Empty: the value is as the schema says. */
export function schemaProblems(schema: AnySchema, value: unknown): FieldError[] {
  return toFieldErrors(compileStrict(schema)(value) ?? [])
}
