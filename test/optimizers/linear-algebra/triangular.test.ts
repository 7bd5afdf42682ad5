import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type LowerFactor,
  solveFactored,
  solveLower,
  solveLowerMany,
  solveLowerTransposed,
  solveLowerTransposedMany,
} from '../../../src/optimizers/linear-algebra/index.js'
import {
  largestDifference,
  randomMatrix,
  randomPositiveDefinite,
  SIZES,
  textbookCholesky,
  textbookProduct,
  textbookTranspose,
} from './textbook.js'

/** L as zeros above the diagonal, and as a factor in rows further apart with NaN between. */
function triangle(n: number, gap = 0): { lower: Float64Array; factor: LowerFactor } {
  const lower = textbookCholesky(randomPositiveDefinite(n, n), n) as Float64Array
  const stride = n + gap
  const data = new Float64Array(n * stride).fill(Number.NaN)
  for (let i = 0; i < n; i++) data.set(lower.subarray(i * n, i * n + i + 1), i * stride)
  return { lower, factor: { data, size: n, stride } }
}

describe('one right-hand side', () => {
  test.each(SIZES)('%i rows: L, Lᵀ and L Lᵀ times the solution give it back', (n) => {
    const { lower, factor } = triangle(n, 3)
    const upper = textbookTranspose(lower, n, n)
    const right = randomMatrix(n, 1, 1)
    const whole = textbookProduct(lower, upper, n, n, n)
    for (const [solve, matrix] of [
      [solveLower, lower],
      [solveLowerTransposed, upper],
      [solveFactored, whole],
    ] as const) {
      const x = right.slice()
      solve(factor, x)
      expect(largestDifference(textbookProduct(matrix, x, n, n, 1), right)).toBeLessThan(1e-12)
    }
  })

  test('refuses another length', () => {
    const { factor } = triangle(4)
    for (const solve of [solveLower, solveLowerTransposed, solveFactored]) {
      expect(() => solve(factor, new Float64Array(5))).toThrow(RangeError)
    }
  })
})

describe('many right-hand sides', () => {
  test.each(SIZES)('%i rows: the same as one at a time', (n) => {
    const { factor } = triangle(n, 2)
    for (const columns of [1, 3, 4, 9]) {
      const right = randomMatrix(n, columns, 2)
      for (const [many, one] of [
        [solveLowerMany, solveLower],
        [solveLowerTransposedMany, solveLowerTransposed],
      ] as const) {
        const together = right.slice()
        many(factor, together, columns)
        for (let c = 0; c < columns; c++) {
          const column = (matrix: Float64Array) => matrix.filter((_, at) => at % columns === c)
          const alone = column(right)
          one(factor, alone)
          expect(largestDifference(column(together), alone)).toBeLessThan(1e-12)
        }
      }
    }
  })

  test('more columns than a panel takes', () => {
    const { lower, factor } = triangle(30)
    const right = randomMatrix(30, 1000, 3)
    const x = right.slice()
    solveLowerMany(factor, x, 1000)
    expect(largestDifference(textbookProduct(lower, x, 30, 30, 1000), right)).toBeLessThan(1e-12)
    solveLowerTransposedMany(factor, x, 1000)
    const upper = textbookTranspose(lower, 30, 30)
    const whole = textbookProduct(lower, upper, 30, 30, 30)
    expect(largestDifference(textbookProduct(whole, x, 30, 30, 1000), right)).toBeLessThan(1e-12)
  })

  test('no columns and wrong lengths', () => {
    const { factor } = triangle(5)
    expect(() => solveLowerMany(factor, new Float64Array(0), 0)).not.toThrow()
    expect(() => solveLowerMany(factor, new Float64Array(9), 2)).toThrow(RangeError)
    expect(() => solveLowerTransposedMany(factor, new Float64Array(11), 2)).toThrow(RangeError)
  })

  test('a triangle with pivots of all sizes is solved to a small residual in every row', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.nat(1000), (n, seed) => {
        const lower = randomMatrix(n, n, seed).map((value, at) => {
          const [i, j] = [Math.floor(at / n), at % n]
          return j > i ? 0 : i === j ? 10 ** (value * 2) : value / n
        })
        const right = randomMatrix(n, 5, seed + 1)
        const x = right.slice()
        solveLowerMany({ data: lower, size: n, stride: n }, x, 5)
        const back = textbookProduct(lower, x, n, n, 5)
        const sizes = textbookProduct(lower.map(Math.abs), x.map(Math.abs), n, n, 5)
        back.forEach((value, at) => {
          // Higham 2002, theorem 8.5: |L x − b| ≤ n ε |L| |x|.
          expect(Math.abs(value - right[at])).toBeLessThanOrEqual(3 * n * 2.3e-16 * sizes[at])
        })
      }),
    )
  })
})
