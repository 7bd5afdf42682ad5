import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addProduct } from '../../../src/optimizers/linear-algebra/add-product.js'
import { partOf, transposed, viewOf } from '../../../src/optimizers/linear-algebra/matrix-view.js'
import { largestDifference, randomMatrix, textbookProduct, textbookTranspose } from './textbook.js'

const PANEL_EDGES = [
  [64, 128, 3],
  [65, 129, 2],
  [63, 127, 4],
  [2, 257, 480],
  [3, 5, 481],
  [130, 7, 965],
  [1, 1, 1],
  [4, 0, 3],
]

/** target + sign · left · right. */
function expected(
  target: Float64Array,
  left: Float64Array,
  right: Float64Array,
  [rows, depth, columns]: number[],
  sign: number,
) {
  const product = textbookProduct(left, right, rows, depth, columns)
  return target.map((value, at) => value + sign * product[at])
}

describe('addProduct', () => {
  test.each(PANEL_EDGES)('adds a (%i × %i) times a (· × %i) matrix', (rows, depth, columns) => {
    const shape = [rows, depth, columns]
    const left = randomMatrix(rows, depth, 1)
    const right = randomMatrix(depth, columns, 2)
    const before = randomMatrix(rows, columns, 3)
    for (const sign of [1, -1] as const) {
      const target = before.slice()
      addProduct(
        viewOf(target, rows, columns),
        viewOf(left, rows, depth),
        viewOf(right, depth, columns),
        sign,
      )
      expect(largestDifference(target, expected(before, left, right, shape, sign))).toBeLessThan(
        1e-11,
      )
    }
  })

  test('takes any of the three transposed', () => {
    const size = fc.integer({ min: 1, max: 20 })
    fc.assert(
      fc.property(
        size,
        size,
        size,
        fc.integer({ min: 0, max: 7 }),
        (rows, depth, columns, flips) => {
          const left = randomMatrix(rows, depth, 1)
          const right = randomMatrix(depth, columns, 2)
          const before = randomMatrix(rows, columns, 3)
          const viewed = (data: Float64Array, m: number, n: number, flipped: boolean) =>
            flipped
              ? transposed(viewOf(textbookTranspose(data, m, n), n, m))
              : viewOf(data.slice(), m, n)
          const target = viewed(before, rows, columns, (flips & 4) > 0)
          addProduct(
            target,
            viewed(left, rows, depth, (flips & 1) > 0),
            viewed(right, depth, columns, (flips & 2) > 0),
            1,
          )
          const result = flips & 4 ? textbookTranspose(target.data, columns, rows) : target.data
          const sum = expected(before, left, right, [rows, depth, columns], 1)
          expect(largestDifference(result, sum)).toBeLessThan(1e-12)
        },
      ),
    )
  })

  test.each([1, 2, 3, 7, 65, 130, 485])(
    'leaves what is above the diagonal of %i rows alone where asked',
    (n) => {
      const left = randomMatrix(n, 5, 1)
      const right = randomMatrix(5, n, 2)
      const before = randomMatrix(n, n, 3)
      const target = before.slice()
      addProduct(viewOf(target, n, n), viewOf(left, n, 5), viewOf(right, 5, n), -1, true)
      const all = expected(before, left, right, [n, 5, n], -1)
      const lower = all.map((value, at) => (at % n > Math.floor(at / n) ? before[at] : value))
      expect(largestDifference(target, lower)).toBeLessThan(1e-12)
    },
  )

  test('works within parts of larger matrices and writes nowhere else', () => {
    const data = randomMatrix(9, 10, 4)
    const before = data.slice()
    const whole = viewOf(data, 9, 10)
    const left = partOf(whole, 5, 0, 4, 3)
    const right = partOf(whole, 0, 5, 3, 5)
    addProduct(partOf(whole, 5, 5, 4, 5), left, right, 1)
    for (let i = 0; i < 9; i++) {
      for (let j = 0; j < 10; j++) {
        let sum = before[i * 10 + j]
        if (i >= 5 && j >= 5) {
          for (let k = 0; k < 3; k++) sum += before[i * 10 + k] * before[k * 10 + j]
        }
        expect(data[i * 10 + j]).toBeCloseTo(sum, 12)
      }
    }
  })
})
