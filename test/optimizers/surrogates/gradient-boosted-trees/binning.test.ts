import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rowMatrixFrom } from '../../../../src/optimizers/row-matrix.js'
import {
  binRows,
  midpoint,
} from '../../../../src/optimizers/surrogates/gradient-boosted-trees/binning.js'

const column = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 })

test('bins are ordered, disjoint, filled, and no more than asked for', () => {
  fc.assert(
    fc.property(column, fc.integer({ min: 2, max: 20 }), (values, maxBins) => {
      const rows = values.map((value) => [value])
      const { codes, offsets, lower, upper } = binRows(rowMatrixFrom(rows), maxBins)
      const bins = offsets[1]
      const distinct = new Set(values).size
      expect(bins).toBeLessThanOrEqual(maxBins)
      if (distinct <= maxBins) expect(bins).toBe(distinct)
      expect(new Set(codes).size).toBe(bins)
      values.forEach((value, i) => {
        expect(value).toBeGreaterThanOrEqual(lower[codes[i]])
        expect(value).toBeLessThanOrEqual(upper[codes[i]])
      })
      for (let bin = 1; bin < bins; bin++) expect(lower[bin]).toBeGreaterThan(upper[bin - 1])
    }),
    { seed: 5 },
  )
})

test('without ties the bins of a crowded column are of equal size', () => {
  const rows = Array.from({ length: 1000 }, (_, i) => [(i * 617) % 1000])
  const { codes } = binRows(rowMatrixFrom(rows), 10)
  const sizes = new Array<number>(10).fill(0)
  for (const code of codes) sizes[code]++
  expect(sizes).toEqual(new Array(10).fill(100))
})

test('a mid-point separates any two values, also neighbouring doubles', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e300, max: 1e300, noNaN: true }), (a) => {
      const b = a + Math.max(Math.abs(a) * Number.EPSILON, Number.MIN_VALUE)
      const middle = midpoint(a, b)
      expect(a <= middle && middle < b).toBe(true)
    }),
    { seed: 5 },
  )
  expect(midpoint(0.25, 0.75)).toBe(0.5)
})
