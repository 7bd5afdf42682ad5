import { type ErrorCode, type FieldError, MixwrightError } from '../../errors.js'
import { InvalidInputError } from '../../optimizers/issue.js'

/**
 * What a thread answers. Errors that cross a thread boundary as they are lose their class and their fields, so they
 * travel as data.
 */
export type ThreadReply<T> =
  | { ok: true; value: T }
  | { ok: false; refusal: { code: ErrorCode; detail: string; errors: readonly FieldError[] } }
  | { ok: false; failure: { name: string; message: string; stack?: string } }

/** In the thread: runs the work and puts what becomes of it into a reply. */
export async function replyWith<T>(work: () => T | Promise<T>): Promise<ThreadReply<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    if (error instanceof MixwrightError) {
      const { code, message: detail, errors } = error
      return { ok: false, refusal: { code, detail, errors } }
    }
    if (error instanceof InvalidInputError) {
      const { code, message: detail, issues: errors } = error
      return { ok: false, refusal: { code, detail, errors } }
    }
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error))
    return { ok: false, failure: { name, message, stack } }
  }
}

/** On the other side: the value, or the error thrown again. */
export function unwrapReply<T>(reply: ThreadReply<T>): T {
  if (reply.ok) return reply.value
  if ('refusal' in reply) {
    const { code, detail, errors } = reply.refusal
    throw new MixwrightError(code, detail, errors)
  }
  const { name, message, stack } = reply.failure
  throw Object.assign(new Error(message), { name, stack })
}
