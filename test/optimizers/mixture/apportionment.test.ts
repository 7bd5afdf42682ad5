import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apportion } from '../../../src/optimizers/mixture/index.js'

const sumOf = (values: Float64Array) => values.reduce((a, b) => a + b, 0)

describe('apportion', () => {
  test('Hamilton’s example: remainders decide, ties go to the smaller index', () => {
    expect([...apportion([0.5, 0.3, 0.2], 10)]).toEqual([5, 3, 2])
    expect([...apportion([1, 1, 1], 10)]).toEqual([4, 3, 3])
    expect([...apportion([21, 14, 7, 8], 7)]).toEqual([3, 2, 1, 1])
    expect([...apportion([0.43, 0.43, 0.14], 10)]).toEqual([4, 4, 2])
    expect([...apportion([0, 1], 0)]).toEqual([0, 0])
  })

  const weights = fc
    .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 })
    .filter((values) => values.some((value) => value > 0))

  test('sums exactly and stays within the quota, in exact arithmetic', () => {
    fc.assert(
      fc.property(
        weights,
        fc.oneof(
          fc.integer({ min: 0, max: 1000 }),
          fc.maxSafeNat(),
          fc.constant(10_000_000_000_000),
          fc.constant(Number.MAX_SAFE_INTEGER),
        ),
        (values, total) => {
          const counts = apportion(values, total)
          expect(sumOf(counts)).toBe(total)
          const scaled = values.map(overPowerOfTwo)
          const sum = scaled.reduce((a, b) => a + b, 0n)
          counts.forEach((count, i) => {
            const miss = BigInt(count) * sum - scaled[i] * BigInt(total)
            expect(miss < sum && -miss < sum).toBe(true)
            if (values[i] === 0) expect(count).toBe(0)
          })
        },
      ),
      { numRuns: 300 },
    )
  })

  test('more weight never gets fewer', () => {
    fc.assert(
      fc.property(weights, fc.integer({ min: 0, max: 500 }), (values, total) => {
        const counts = apportion(values, total)
        values.forEach((value, i) => {
          values.forEach((other, j) => {
            if (value > other) expect(counts[i]).toBeGreaterThanOrEqual(counts[j])
          })
        })
      }),
      { numRuns: 100 },
    )
  })

  test('refuses totals and weights outside their range', () => {
    expect(() => apportion([1], 1.5)).toThrow(RangeError)
    expect(() => apportion([1], -1)).toThrow(RangeError)
    expect(() => apportion([1], 2 ** 53)).toThrow(RangeError)
    expect(() => apportion([Number.NaN], 1)).toThrow(RangeError)
    expect(() => apportion([-0.1, 1], 1)).toThrow(RangeError)
    expect(() => apportion([0, 0], 1)).toThrow(RangeError)
  })
})

/** value · 2^1074 as an integer, by doubling until nothing is left behind the point. */
function overPowerOfTwo(value: number): bigint {
  let doubled = value
  let doublings = 0
  while (!Number.isInteger(doubled)) {
    doubled *= 2
    doublings += 1
  }
  return BigInt(doubled) << BigInt(1074 - doublings)
}
