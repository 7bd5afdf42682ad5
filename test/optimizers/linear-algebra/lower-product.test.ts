import { describe, expect, test } from 'vitest'
import { multiplyLower } from '../../../src/optimizers/linear-algebra/index.js'
import { largestDifference, randomMatrix, SIZES, textbookProduct, withUpper } from './textbook.js'

describe('multiplyLower', () => {
  test.each(SIZES)(
    '%i rows: is the textbook product, and what is above the diagonal is not read',
    (n) => {
      const matrix = randomMatrix(n, n, 1)
      const right = randomMatrix(n, 17, 2)
      const factor = { data: withUpper(matrix, n, Number.NaN), size: n, stride: n }
      const expected = textbookProduct(withUpper(matrix, n, 0), right, n, n, 17)
      expect(largestDifference(multiplyLower(factor, right, 17), expected)).toBeLessThan(1e-12)
    },
  )

  test('refuses right-hand sides of another length', () => {
    const factor = { data: new Float64Array(9), size: 3, stride: 3 }
    expect(() => multiplyLower(factor, new Float64Array(5), 2)).toThrow(RangeError)
  })
})
