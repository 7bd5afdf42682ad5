import fastifyPlugin from 'fastify-plugin'
import { toFieldErrors } from '../../formats/validation/index.js'
import { compileResponse } from '../validation/compilers.js'

/**
 * Answers go out whole: unlike the serialiser that Fastify brings, this one drops no field. A number that JSON cannot
 * hold (NaN, an infinity) is an error, never a null. An answer that departs from its documented schema is logged as the
 * defect it is, and sent: the caller is better served by it than by a 500.
 */
export const serialization = fastifyPlugin(
  async (app) => {
    app.setSerializerCompiler(({ schema, method, url, httpStatus }) => {
      const validate = compileResponse(schema as object)
      return (data) => {
        const errors = validate(data)
        if (errors) {
          const route = { method, url, status: httpStatus }
          app.log.error(
            { route, errors: toFieldErrors(errors) },
            'an answer departs from its schema',
          )
        }
        refuseNonFinite(data, 'it')
        return JSON.stringify(data)
      }
    })
  },
  { name: 'serialization' },
)

/** Looked for beforehand: with a function that sees every value, `JSON.stringify` takes several times as long. */
function refuseNonFinite(value: unknown, name: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new RangeError(`the answer holds ${value} in "${name}", which JSON cannot express`)
  }
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) for (const entry of value) refuseNonFinite(entry, name)
  else for (const key of Object.keys(value)) refuseNonFinite((value as JsonObject)[key], key)
}

type JsonObject = Record<string, unknown>
