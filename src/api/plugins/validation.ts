import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { TSchema } from 'typebox'
import type { FieldError } from '../../errors.js'
import {
  compileStrict,
  findUnstorable,
  toFieldErrors,
  type Validate,
} from '../../formats/validation/index.js'
import { compileQuery } from '../validation/compilers.js'

/** Carries the problems with a part of a request to the error handler. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError'
  readonly fieldErrors: readonly FieldError[]

  constructor(fieldErrors: readonly FieldError[]) {
    super('the request does not match its schema')
    this.fieldErrors = fieldErrors
  }

  /** Set by Fastify: marks an error of validation. */
  validation?: FastifySchemaValidationError[]
  /** Set by Fastify: the part of the request. */
  validationContext?: string
}

/** Bodies are checked as they are; queries, path parameters and headers are converted from text. */
export const compileRequestPart: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const isBody = httpPart === 'body'
  const validate: Validate = isBody ? compileStrict(schema) : compileQuery(schema)
  return (value: unknown) => {
    const errors = validate(value)
    if (errors) return { error: new InvalidRequestError(toFieldErrors(errors)) }
    const unstorable = findUnstorable(value)
    if (unstorable) return { error: new InvalidRequestError([unstorable]) }
    return { value }
  }
}

/** @see https://fastify.dev/docs/latest/Reference/Validation-and-Serialization/ */
export const validation = fastifyPlugin(
  async (app) => {
    app.setValidatorCompiler(compileRequestPart)
  },
  { name: 'validation' },
)
