import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evenSample, evenShares } from '../../../src/corpora/ingestion/sample.js'

test('shares are even, but for those who have less', () => {
  expect(evenShares(100, [1000, 1000, 1000, 1000])).toEqual([25, 25, 25, 25])
  expect(evenShares(100, [10, 1000, 30])).toEqual([10, 60, 30])
  expect(evenShares(100, [5, 0, 7])).toEqual([5, 0, 7])
  fc.assert(
    fc.property(fc.nat(10_000), fc.array(fc.nat(3000), { minLength: 1 }), (total, sizes) => {
      const shares = evenShares(total, sizes)
      const sum = shares.reduce((a, b) => a + b, 0)
      const all = sizes.reduce((a, b) => a + b, 0)
      expect(sum).toBeLessThanOrEqual(Math.min(total, all))
      expect(sum).toBeGreaterThan(Math.min(total, all) - sizes.length)
      const largest = Math.max(...shares)
      for (const [i, share] of shares.entries()) {
        expect(share === sizes[i] || share >= largest - 1).toBe(true)
      }
    }),
    { seed: 1 },
  )
})

test('a sample holds its share, of whole letters, from all parts', () => {
  const documents = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }), {
    minLength: 1,
    maxLength: 60,
  })
  fc.assert(
    fc.property(documents, fc.double({ min: 0.05, max: 1, noNaN: true }), (texts, part) => {
      const buffers = texts.map((text) => Buffer.from(text.toWellFormed()))
      const size = buffers.reduce((sum, { length }) => sum + length, 0)
      const share = Math.floor(part * size)
      const taken = Buffer.concat([...evenSample(buffers, size, share)])
      expect(taken.length).toBeLessThanOrEqual(share)
      expect(taken.length).toBeGreaterThan(share - 4)
      expect(taken.toString().includes('\ufffd')).toBe(texts.join('').includes('\ufffd'))
    }),
    { seed: 1 },
  )
  const thousand = Array.from({ length: 1000 }, (_, i) => Buffer.from(`${i}`.padStart(10)))
  const sampled = [...evenSample(thousand, 10_000, 1000)].map(Number)
  expect(sampled).toEqual(Array.from({ length: 100 }, (_, i) => 10 * i))
})
