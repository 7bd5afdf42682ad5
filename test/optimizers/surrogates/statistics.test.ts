import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  averageRanks,
  kendall,
  mae,
  quantile,
  r2,
  rmse,
  scores,
  spearman,
  standardDeviation,
} from '../../../src/optimizers/surrogates/statistics.js'

/** −1, 0 or 1, also of infinities. */
const compare = (x: number, y: number) => Number(x > y) - Number(x < y)

/** τ-b from its definition, pair by pair. */
function kendallByPairs(a: number[], b: number[]): number | null {
  let difference = 0
  let untiedA = 0
  let untiedB = 0
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      difference += compare(a[i], a[j]) * compare(b[i], b[j])
      untiedA += a[i] === a[j] ? 0 : 1
      untiedB += b[i] === b[j] ? 0 : 1
    }
  }
  return untiedA && untiedB ? difference / Math.sqrt(untiedA * untiedB) : null
}

const pairs = (values: fc.Arbitrary<number>) =>
  fc.array(fc.tuple(values, values), { maxLength: 40 })

describe('rank correlation', () => {
  test('ties share the mean of their ranks', () => {
    expect([...averageRanks([30, 10, 20, 20, 5])]).toEqual([5, 2, 3.5, 3.5, 1])
  })

  test('spearman without ties is 1 − 6 Σd² / (n (n² − 1))', () => {
    // d = 0, 1, −1, 1, −1
    expect(spearman([1, 2, 3, 4, 5], [1, 3, 2, 5, 4])).toBeCloseTo(1 - (6 * 4) / (5 * 24), 14)
    expect(spearman([1, 2, 3], [30, 20, 10])).toBe(-1)
  })

  test('spearman with ties is the correlation of average ranks', () => {
    // Ranks (1, 2.5, 2.5, 4) and (1, 2, 3, 4): cross 4.5, squares 4.5 and 5.
    expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 14)
  })

  test('kendall equals the count over all pairs, with and without ties', () => {
    for (const values of [fc.integer({ min: 0, max: 4 }), fc.double({ noNaN: true })]) {
      fc.assert(
        fc.property(pairs(values), (rows) => {
          const a = rows.map(([x]) => x)
          const b = rows.map(([, y]) => y)
          const expected = kendallByPairs(a, b)
          const actual = kendall(a, b)
          if (expected === null || actual === null) return expected === actual
          return Math.abs(expected - actual) < 1e-12
        }),
      )
    }
  })

  test('a monotone transformation changes neither correlation', () => {
    fc.assert(
      fc.property(pairs(fc.integer({ min: -50, max: 50 })), (rows) => {
        const a = rows.map(([x]) => x)
        const b = rows.map(([, y]) => y)
        const cubes = b.map((y) => y ** 3)
        expect(spearman(a, cubes)).toBe(spearman(a, b))
        expect(kendall(a, cubes)).toBe(kendall(a, b))
      }),
    )
  })
})

describe('errors', () => {
  test('hand values', () => {
    const predicted = [1, 2, 5]
    const measured = [2, 2, 3]
    expect(mae(predicted, measured)).toBe(1)
    expect(rmse(predicted, measured)).toBeCloseTo(Math.sqrt(5 / 3), 14)
    // Mean 7/3, total squares 2/3.
    expect(r2(predicted, measured)).toBeCloseTo(1 - 5 / (2 / 3), 12)
  })

  test('what is undefined is null', () => {
    const nothing = { spearman: null, kendall: null, mae: null, rmse: null, r2: null }
    expect(scores([], [])).toEqual(nothing)
    expect(scores([1], [2])).toEqual({ ...nothing, mae: 1, rmse: 1 })
    expect(scores([3, 3, 3], [1, 2, 3])).toMatchObject({ spearman: null, kendall: null })
    expect(scores([1, 2, 3], [3, 3, 3])).toMatchObject({ spearman: null, kendall: null, r2: null })
  })

  test('unequal lengths are refused', () => {
    expect(() => scores([1, 2], [1])).toThrow(RangeError)
  })
})

describe('quantiles', () => {
  test('interpolates between order statistics', () => {
    expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75)
    expect(quantile([4, 1, 3, 2], 0)).toBe(1)
    expect(quantile([4, 1, 3, 2], 1)).toBe(4)
    expect(quantile([10], 0.3)).toBe(10)
    expect(quantile([], 0.5)).toBeNaN()
    expect(() => quantile([1], 1.5)).toThrow(RangeError)
  })

  test('the sample standard deviation has divisor n − 1', () => {
    expect(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 14)
    expect(standardDeviation([1])).toBe(0)
  })
})
