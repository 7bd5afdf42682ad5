import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  choleskyWithJitter,
  GrowingCholesky,
  NotPositiveDefiniteError,
  solveLower,
} from '../../../src/optimizers/linear-algebra/index.js'
import {
  covariance,
  largestDifference,
  randomPositiveDefinite,
  textbookCholesky,
} from './textbook.js'

/** The factor without gaps, with zeros above the diagonal. */
function dense(growing: GrowingCholesky): Float64Array {
  const { data, size, stride } = growing.factor
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [i, j] = [Math.floor(at / size), at % size]
    return j > i ? 0 : data[i * stride + j]
  })
}

/** The leading n × n part of a matrix of `size` rows. */
function leading(matrix: Float64Array, size: number, n: number): Float64Array {
  return matrix.filter((_, at) => at < n * size && at % size < n)
}

/** Appends rows of the matrix until the factor has `to` of them. */
function appendTo(growing: GrowingCholesky, matrix: Float64Array, size: number, to: number): void {
  for (let i = growing.size; i < to; i++) {
    growing.append(matrix.subarray(i * size, i * size + i), matrix[i * size + i])
  }
}

describe('GrowingCholesky', () => {
  test('appended row by row it is the factor of the whole, at every size', () => {
    const size = 60
    const matrix = randomPositiveDefinite(size, 1)
    const growing = new GrowingCholesky(0)
    for (let n = 1; n <= size; n++) {
      appendTo(growing, matrix, size, n)
      const expected = textbookCholesky(leading(matrix, size, n), n) as Float64Array
      expect(growing.size).toBe(n)
      expect(largestDifference(dense(growing), expected)).toBeLessThan(1e-13)
    }
  })

  test('goes on from a factor, of which it is a copy', () => {
    const matrix = covariance(90, 1e-3, 2)
    const { factor } = choleskyWithJitter(leading(matrix, 90, 50), 50)
    const growing = GrowingCholesky.from(factor, 7)
    factor.data.fill(Number.NaN)
    appendTo(growing, matrix, 90, 90)
    const expected = textbookCholesky(matrix, 90) as Float64Array
    expect(largestDifference(dense(growing), expected)).toBeLessThan(1e-11)
  })

  test('cut back and appended to in any order it is the factor of the rows that are in it', () => {
    const size = 30
    const matrices = [1, 2].map((seed) => randomPositiveDefinite(size, seed))
    const steps = fc.array(fc.record({ to: fc.nat(size), of: fc.nat(1) }), { maxLength: 12 })
    fc.assert(
      fc.property(steps, (plan) => {
        const growing = new GrowingCholesky(2)
        // Which of the two covariances the rows come from; mixed ones would not be positive
        // definite.
        let source = 0
        for (const { to, of } of plan) {
          if (to <= growing.size) growing.truncate(to)
          if (growing.size === 0) source = of
          appendTo(growing, matrices[source], size, to)
          const expected = textbookCholesky(leading(matrices[source], size, to), to) as Float64Array
          expect(growing.size).toBe(to)
          expect(largestDifference(dense(growing), expected)).toBeLessThan(1e-13)
        }
      }),
    )
  })

  test('other rows may take the place of those cut off', () => {
    const matrix = covariance(40, 0.01, 3)
    const growing = new GrowingCholesky()
    appendTo(growing, matrix, 40, 20)
    const before = dense(growing)
    growing.append(new Float64Array(20), 9)
    expect(growing.factor.data[20 * growing.factor.stride + 20]).toBe(3)
    growing.truncate(20)
    expect(dense(growing)).toEqual(before)
    appendTo(growing, matrix, 40, 40)
    const expected = textbookCholesky(matrix, 40) as Float64Array
    expect(largestDifference(dense(growing), expected)).toBeLessThan(1e-12)
  })

  test('a row that would make the matrix singular or worse is refused and changes nothing', () => {
    const growing = new GrowingCholesky()
    growing.append([], 4)
    growing.append([2], 5)
    const before = dense(growing)
    // The first row once more: its pivot is exactly 0.
    expect(() => growing.append([4, 2], 4)).toThrow(NotPositiveDefiniteError)
    expect(() => growing.append([4, 2], 3)).toThrow(/pivot -1/)
    expect(() => growing.append([Number.NaN, 2], 4)).toThrow(NotPositiveDefiniteError)
    expect(() => growing.append([0, 0], Number.POSITIVE_INFINITY)).toThrow(NotPositiveDefiniteError)
    expect(dense(growing)).toEqual(before)
    growing.append([4, 2], 4 + 0.25)
    expect(growing.factor.data[2 * growing.factor.stride + 2]).toBe(0.5)
  })

  test('the factor serves the triangular solves', () => {
    const growing = new GrowingCholesky(5)
    growing.append([], 4)
    growing.append([2], 5)
    const x = Float64Array.of(2, 5)
    solveLower(growing.factor, x)
    // L = [2 ·; 1 2].
    expect([...x]).toEqual([1, 2])
  })

  test('refuses rows of another length and sizes that it does not have', () => {
    const growing = new GrowingCholesky()
    growing.append([], 1)
    expect(() => growing.append([], 1)).toThrow(RangeError)
    expect(() => growing.append([0, 0], 1)).toThrow(RangeError)
    for (const size of [-1, 2, 0.5]) expect(() => growing.truncate(size)).toThrow(RangeError)
    expect(growing.size).toBe(1)
  })
})
