import type { MultipartValue } from '@fastify/multipart'
import type { FastifyInstance } from 'fastify'
import { type FieldError, MixwrightError } from '../errors.js'
import { alternatives } from '../formats/validation/index.js'

/** What reading a form of files with fields takes, whatever the files hold. */

/** For the routes of this scope: a body refused half-way is read to its end. */
export function drainAfterwards(app: FastifyInstance): void {
  app.addHook('onResponse', async ({ raw }) => {
    // Else a client that sends before it reads would never see the answer.
    raw.unpipe()
    raw.resume()
  })
}

/** @throws MixwrightError `validation-failed` for a field that does not exist, that should be a file, or that is not text */
export function readField(
  { fieldname, value, valueTruncated }: MultipartValue,
  { fields, files }: { fields: readonly string[]; files: readonly string[] },
): string {
  if (files.includes(fieldname)) {
    throw formRefusal(
      fieldname,
      `It must be a file with a file name (with curl: -F ${fieldname}=@file).`,
    )
  }
  if (!fields.includes(fieldname)) {
    const known = alternatives(fields)
    throw formRefusal(fieldname, `There is no such field; the fields are ${known}.`)
  }
  if (typeof value !== 'string' || valueTruncated) {
    throw formRefusal(fieldname, 'It must be a short text.')
  }
  return value
}

export function formRefusal(field: string, detail: string): MixwrightError {
  const errors: FieldError[] = [{ pointer: `/${field}`, detail }]
  return new MixwrightError('validation-failed', 'The form is not valid.', errors)
}

/** What streams and the parser of forms throw about a broken body carries no status. */
export function asRefusal(error: unknown, what: string): unknown {
  if (error instanceof MixwrightError) return error
  if (error instanceof Error && !('statusCode' in error)) {
    return new MixwrightError('malformed-request', `${what} cannot be read: ${error.message}.`)
  }
  return error
}
