import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../../src/errors.js'
import { InvalidInputError } from '../../../src/optimizers/issue.js'
import { replyWith, unwrapReply } from '../../../src/workers/threads/replies.js'

/** As a message between threads: classes and the fields of errors do not survive it. */
async function acrossThreads<T>(work: () => T): Promise<T> {
  return unwrapReply(structuredClone(await replyWith(work)))
}

function thrower(error: unknown): () => never {
  return () => {
    throw error
  }
}

describe('replies of a thread', () => {
  test('carry a value', async () => {
    expect(await acrossThreads(() => ({ weights: Float64Array.of(0.5, 0.5) }))).toEqual({
      weights: Float64Array.of(0.5, 0.5),
    })
  })

  test('carry a refusal with its code and every error', async () => {
    const errors = [{ pointer: '/rows/3/web', detail: 'not a number' }]
    const refusal = new MixwrightError('rows-invalid', 'One row is wrong.', errors)
    const error = await acrossThreads(thrower(refusal)).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(MixwrightError)
    expect(error).toMatchObject({ code: 'rows-invalid', message: 'One row is wrong.', errors })
  })

  test('turn an invalid input of pure code into a refusal', async () => {
    const issues = [{ pointer: '/runs', detail: '2 distinct mixtures' }]
    const errors = await Promise.all(
      [
        new InvalidInputError('wrong', issues),
        new InvalidInputError('too few', issues, 'too-few-runs'),
      ].map((error) => acrossThreads(thrower(error)).catch((reason: unknown) => reason)),
    )
    expect(errors[0]).toMatchObject({ code: 'validation-failed', errors: issues })
    expect(errors[1]).toMatchObject({ code: 'too-few-runs', message: 'too few', errors: issues })
    expect(errors.every((error) => error instanceof MixwrightError)).toBe(true)
  })

  test('carry any other error with its name, message and stack', async () => {
    const failure = new RangeError('out of range')
    const error = await acrossThreads(thrower(failure)).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      name: 'RangeError',
      message: 'out of range',
      stack: failure.stack,
    })
    await expect(acrossThreads(thrower('a text'))).rejects.toThrow('a text')
  })
})
