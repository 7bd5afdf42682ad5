import { describe, expect, test } from 'vitest'
import {
  choleskyInPlace,
  choleskyWithJitter,
  inverseFromCholesky,
} from '../../../src/optimizers/linear-algebra/index.js'
import {
  covariance,
  identity,
  largestDifference,
  randomPositiveDefinite,
  SIZES,
  textbookInverse,
  textbookProduct,
  textbookTranspose,
} from './textbook.js'

describe('inverseFromCholesky', () => {
  test.each(SIZES)(
    '%i rows: the inverse by Gauss–Jordan elimination, symmetric to the bit',
    (n) => {
      const matrix = randomPositiveDefinite(n, n + 1)
      const { factor } = choleskyWithJitter(matrix, n)
      const inverse = inverseFromCholesky(factor)
      expect(largestDifference(inverse, textbookInverse(matrix, n))).toBeLessThan(1e-12)
      expect(inverse).toEqual(textbookTranspose(inverse, n, n))
    },
  )

  test('K K⁻¹ is the identity up to the condition of K', () => {
    const n = 220
    const matrix = covariance(n, 1e-4, 1)
    const inverse = inverseFromCholesky(choleskyWithJitter(matrix, n).factor)
    const product = textbookProduct(matrix, inverse, n, n, n)
    // The largest eigenvalue is at most the trace, the least at least the noise.
    const condition = (n * 1.0001) / 1e-4
    expect(largestDifference(product, identity(n))).toBeLessThan(10 * condition * 2.3e-16)
  })

  test('may overwrite the factor, and takes factors with rows further apart', () => {
    const [n, stride] = [75, 80]
    const matrix = randomPositiveDefinite(n, 2)
    const { factor } = choleskyWithJitter(matrix, n)
    const expected = inverseFromCholesky(factor)
    expect(inverseFromCholesky(factor, factor.data)).toBe(factor.data)
    expect(factor.data).toEqual(expected)
    const data = new Float64Array(n * stride).fill(Number.NaN)
    for (let i = 0; i < n; i++) data.set(matrix.subarray(i * n, i * n + i + 1), i * stride)
    choleskyInPlace(data, n, stride)
    expect(inverseFromCholesky({ data, size: n, stride })).toEqual(expected)
  })

  test('overwrites all that was in the array given', () => {
    const { factor } = choleskyWithJitter(randomPositiveDefinite(40, 3), 40)
    const out = new Float64Array(1600).fill(Number.NaN)
    expect(inverseFromCholesky(factor, out)).toEqual(inverseFromCholesky(factor))
    expect(() => inverseFromCholesky(factor, new Float64Array(1599))).toThrow(RangeError)
  })
})
