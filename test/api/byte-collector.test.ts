import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { collectBytes } from '../../src/api/byte-collector.js'

const tooLarge = () => new Error('too large')

describe('collecting bytes', () => {
  test('gives all of them in order, in memory of their own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1 })), async (chunks) => {
        const collected = await collectBytes(Readable.from(chunks), 10_000, tooLarge)
        expect(Buffer.from(collected)).toEqual(Buffer.concat(chunks))
        expect(collected.buffer.byteLength).toBe(collected.length)
      }),
    )
  })

  test('gives all of many', async () => {
    const chunks = Array.from({ length: 300 }, (_, i) => Buffer.alloc(65_536, i))
    const collected = await collectBytes(Readable.from(chunks), 2 ** 25, tooLarge)
    expect(Buffer.compare(collected, Buffer.concat(chunks))).toBe(0)
  })

  test('takes exactly as many as are allowed, and not one more', async () => {
    const source = () => Readable.from([Buffer.alloc(6), Buffer.alloc(4)])
    expect(await collectBytes(source(), 10, tooLarge)).toHaveLength(10)
    await expect(collectBytes(source(), 9, tooLarge)).rejects.toThrow('too large')
  })
})
