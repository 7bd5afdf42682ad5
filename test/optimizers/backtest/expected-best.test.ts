import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expectedBestOf } from '../../../src/optimizers/backtest/index.js'
import { regmixTable } from '../../support/regmix-tables.js'

describe('the best that random search can expect', () => {
  test('is the mean over all choices, for any few scores, ties included', () => {
    const scores = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(scores, fc.nat(), (values, pickK) => {
        const k = 1 + (pickK % values.length)
        const lows = choices(values.length, k).map((rows) =>
          Math.min(...rows.map((row) => values[row])),
        )
        const exact = lows.reduce((sum, low) => sum + low, 0) / lows.length
        expect(Math.abs(expectedBestOf(values, k) - exact)).toBeLessThan(1e-12)
      }),
    )
  })

  test('is the mean of one run, the best of all, and (n + 1)/(k + 1) of the ranks', () => {
    const ranks = Array.from({ length: 2000 }, (_, i) => 2000 - i)
    expect(expectedBestOf(ranks, 1)).toBeCloseTo(1000.5, 9)
    expect(expectedBestOf(ranks, 2000)).toBe(1)
    for (const k of [2, 10, 1000, 1999]) {
      expect(expectedBestOf(ranks, k) / (2001 / (k + 1))).toBeCloseTo(1, 11)
    }
  })

  test.each([
    [[1, 2, 3], 0, /k from 1 to 3, not 0/],
    [[1, 2, 3], 4, /k from 1 to 3, not 4/],
    [[1, 2, 3], 1.5, /not 1.5/],
    [[], 1, /best of k of 0/],
    [[1, Number.NaN], 1, /finite/],
  ])('refuses the best of %j in %s runs', (scores, k, reason) => {
    expect(() => expectedBestOf(scores, k)).toThrow(RangeError)
    expect(() => expectedBestOf(scores, k)).toThrow(reason)
  })
})

const pile = regmixTable('test_1B')

describe.skipIf(!pile)('on the first 48 of RegMix’s 1B runs, mean of 13 losses', () => {
  const losses = pile?.values ?? []
  const scores = Array.from(
    { length: 48 },
    (_, i) => losses.reduce((sum, values) => sum + values[i], 0) / losses.length,
  )

  test.each([
    [1, '2.22968'],
    [2, '2.19906'],
    [5, '2.16663'],
    [10, '2.14462'],
    [15, '2.13259'],
    [20, '2.12486'],
    [24, '2.12053'],
    [30, '2.11611'],
    [40, '2.11229'],
  ])('the best of %s runs is the published one', (k, published) => {
    expect(losses).toHaveLength(13)
    expect(expectedBestOf(scores, k).toFixed(5)).toBe(published)
  })
})

function choices(n: number, k: number, from = 0): number[][] {
  if (k === 0) return [[]]
  return Array.from({ length: Math.max(0, n - from) }, (_, i) => from + i).flatMap((row) =>
    choices(n, k - 1, row + 1).map((rest) => [row, ...rest]),
  )
}
