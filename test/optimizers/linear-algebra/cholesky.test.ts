import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  choleskyInPlace,
  choleskyWithJitter,
  logDeterminant,
  NotPositiveDefiniteError,
} from '../../../src/optimizers/linear-algebra/index.js'
import {
  covariance,
  identity,
  largestDifference,
  randomPositiveDefinite,
  SIZES,
  textbookCholesky,
  textbookProduct,
  textbookTranspose,
  withUpper,
} from './textbook.js'

/** ‖L Lᵀ − K‖_F / ‖K‖_F. */
function residual(factor: Float64Array, matrix: Float64Array, n: number): number {
  const lower = withUpper(factor, n, 0)
  const product = textbookProduct(lower, textbookTranspose(lower, n, n), n, n, n)
  const difference = product.map((value, at) => value - matrix[at])
  return Math.hypot(...difference) / Math.hypot(...matrix)
}

/** An n × n identity whose first two rows couple by 1 + excess: the least eigenvalue is −excess. */
function slightlyIndefinite(n: number, excess: number): Float64Array {
  const matrix = identity(n)
  matrix[1] = 1 + excess
  matrix[n] = 1 + excess
  return matrix
}

describe('choleskyInPlace', () => {
  test.each(SIZES)('%i rows: the factor of the textbook, and nothing above the diagonal', (n) => {
    const matrix = randomPositiveDefinite(n, n)
    const factor = withUpper(matrix, n, Number.NaN)
    expect(choleskyInPlace(factor, n)).toBe(-1)
    const expected = textbookCholesky(matrix, n) as Float64Array
    expect(largestDifference(withUpper(factor, n, 0), expected)).toBeLessThan(1e-13)
    expect(factor.filter(Number.isNaN)).toHaveLength((n * (n - 1)) / 2)
  })

  test.each([0, 1e-4, 1e-10])('the residual of a covariance with noise %f is rounding', (noise) => {
    const n = noise === 0 ? 12 : 230
    const matrix = covariance(n, noise, 5)
    const factor = matrix.slice()
    expect(choleskyInPlace(factor, n)).toBe(-1)
    expect(residual(factor, matrix, n)).toBeLessThan(1e-15)
  })

  test('rows may lie further apart than they are long', () => {
    const [n, stride] = [70, 83]
    const matrix = randomPositiveDefinite(n, 2)
    const spaced = new Float64Array(n * stride - (stride - n)).fill(Number.NaN)
    for (let i = 0; i < n; i++) spaced.set(matrix.subarray(i * n, i * n + i + 1), i * stride)
    expect(choleskyInPlace(spaced, n, stride)).toBe(-1)
    const expected = textbookCholesky(matrix, n) as Float64Array
    for (let i = 0; i < n; i++) {
      const row = spaced.subarray(i * stride, i * stride + i + 1)
      expect(largestDifference(row, expected.subarray(i * n, i * n + i + 1))).toBeLessThan(1e-13)
      expect(spaced.subarray(i * stride + i + 1, (i + 1) * stride).every(Number.isNaN)).toBe(true)
    }
  })

  test('names the first row whose pivot is not above 0', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 90 }),
        fc.nat(),
        fc.constantFrom(-5, 0, Number.NaN, Number.POSITIVE_INFINITY),
        (n, place, diagonal) => {
          const row = place % n
          const matrix = randomPositiveDefinite(n, 3)
          matrix[row * n + row] = diagonal
          expect(choleskyInPlace(matrix, n)).toBe(row)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('a NaN anywhere below the diagonal is found in its row', () => {
    for (const [i, j] of [
      [1, 0],
      [40, 3],
      [59, 58],
    ]) {
      const matrix = randomPositiveDefinite(60, 4)
      matrix[i * 60 + j] = Number.NaN
      expect(choleskyInPlace(matrix, 60)).toBe(i)
    }
  })

  test('refuses an array that does not hold the matrix', () => {
    expect(() => choleskyInPlace(new Float64Array(8), 3)).toThrow(RangeError)
    expect(() => choleskyInPlace(new Float64Array(9), 3, 2)).toThrow(RangeError)
    expect(choleskyInPlace(identity(3), 3)).toBe(-1)
  })
})

describe('choleskyWithJitter', () => {
  test('adds nothing to a matrix that has a factor, and leaves the matrix as it is', () => {
    const matrix = randomPositiveDefinite(50, 6)
    const before = matrix.slice()
    const { factor, jitter } = choleskyWithJitter(matrix, 50)
    expect(jitter).toBe(0)
    expect(matrix).toEqual(before)
    expect(
      largestDifference(factor.data, textbookCholesky(matrix, 50) as Float64Array),
    ).toBeLessThan(1e-13)
  })

  test.each([
    [3e-9, 1e-8],
    [3e-8, 1e-7],
    [3e-7, 1e-6],
    [3e-6, 1e-5],
    [3e-5, 1e-4],
  ])('an eigenvalue of −%f of the mean diagonal takes %f of it', (excess, expected) => {
    const n = 30
    const matrix = slightlyIndefinite(n, excess).map((value) => 7 * value)
    const { factor, jitter } = choleskyWithJitter(matrix, n)
    expect(jitter / 7).toBeCloseTo(expected, 15)
    const shifted = matrix.map((value, at) => value + (at % (n + 1) === 0 ? jitter : 0))
    expect(residual(factor.data, shifted, n)).toBeLessThan(1e-15)
  })

  test('a covariance of points that lie close together is factorised with some', () => {
    const n = 200
    const matrix = covariance(n, 0, 7, 0.3)
    expect(textbookCholesky(matrix, n)).toBeTypeOf('number')
    const { factor, jitter } = choleskyWithJitter(matrix, n)
    expect(jitter).toBeCloseTo(1e-8, 20)
    const shifted = covariance(n, jitter, 7, 0.3)
    expect(residual(factor.data, shifted, n)).toBeLessThan(1e-15)
  })

  test('names the row when the largest jitter is not enough', () => {
    const attempt = () => choleskyWithJitter(slightlyIndefinite(40, 3e-4), 40)
    expect(attempt).toThrow(NotPositiveDefiniteError)
    expect(attempt).toThrow(/row 1 .*0\.0001/)
    expect(() => choleskyWithJitter(Float64Array.of(-1), 1)).toThrow(NotPositiveDefiniteError)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'names the entry that is %f, and does not look above the diagonal',
    (value) => {
      const matrix = randomPositiveDefinite(30, 8)
      matrix[2 * 30 + 20] = value
      expect(choleskyWithJitter(matrix, 30).jitter).toBe(0)
      matrix[20 * 30 + 2] = value
      expect(() => choleskyWithJitter(matrix, 30)).toThrow(
        `entry (20, 2) of the matrix is ${value}`,
      )
    },
  )

  test('writes where it is told to, but not over the matrix', () => {
    const matrix = randomPositiveDefinite(20, 9)
    const out = new Float64Array(400)
    expect(choleskyWithJitter(matrix, 20, out).factor.data).toBe(out)
    expect(() => choleskyWithJitter(matrix, 20, matrix)).toThrow(RangeError)
    expect(() => choleskyWithJitter(matrix, 20, new Float64Array(399))).toThrow(RangeError)
  })
})

test('logDeterminant is the logarithm of the product of the pivots', () => {
  const matrix = Float64Array.of(4, 0, 2, 3)
  choleskyInPlace(matrix, 2)
  expect(logDeterminant({ data: matrix, size: 2, stride: 2 })).toBeCloseTo(Math.log(4 * 3 - 4), 14)
  expect(logDeterminant({ data: matrix, size: 1, stride: 2 })).toBeCloseTo(Math.log(4), 14)
})
