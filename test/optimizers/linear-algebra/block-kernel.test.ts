import fc from 'fast-check'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { addProduct } from '../../../src/optimizers/linear-algebra/add-product.js'
import { blockKernel } from '../../../src/optimizers/linear-algebra/block-kernel.js'
import * as vectorised from '../../../src/optimizers/linear-algebra/index.js'
import {
  type MatrixView,
  transposed,
  viewOf,
} from '../../../src/optimizers/linear-algebra/matrix-view.js'
import { covariance, randomMatrix, randomPositiveDefinite, SIZES } from './textbook.js'

let plain: typeof vectorised
let plainProduct: typeof addProduct

beforeAll(async () => {
  vi.stubGlobal('WebAssembly', undefined)
  vi.resetModules()
  const folder = '../../../src/optimizers/linear-algebra'
  plain = await import(`${folder}/index.js`)
  ;({ addProduct: plainProduct } = await import(`${folder}/add-product.js`))
  const { blockKernel: missing } = await import(`${folder}/block-kernel.js`)
  expect(missing()).toBeNull()
  vi.unstubAllGlobals()
})

const bytes = ({ buffer, byteOffset, byteLength }: Float64Array) =>
  Buffer.from(buffer, byteOffset, byteLength)

function expectSameBits(one: Float64Array, other: Float64Array) {
  expect(one.length).toBe(other.length)
  expect(bytes(one).equals(bytes(other))).toBe(true)
}

test('the kernel is there: this runtime has WebAssembly SIMD', () => {
  expect(blockKernel()).not.toBeNull()
})

describe('with the kernel and without it the bits are the same', () => {
  // The last has no room in the workspace.
  for (const n of [...SIZES, 490, 1250])
    test(`${n} rows: factor and inverse`, () => {
      const matrix = covariance(n, 0.01, n)
      const [own, other] = [matrix.slice(), matrix.slice()]
      expect(vectorised.choleskyInPlace(own, n)).toBe(-1)
      expect(plain.choleskyInPlace(other, n)).toBe(-1)
      expectSameBits(own, other)
      if (n > 1000) return
      const factor = { data: own, size: n, stride: n }
      expectSameBits(vectorised.inverseFromCholesky(factor), plain.inverseFromCholesky(factor))
    })

  for (const [n, columns] of [
    [1, 8],
    [13, 7],
    [13, 8],
    [50, 9],
    [130, 12],
    [129, 479],
    [40, 480],
    [40, 481],
    [100, 970],
    [1220, 17],
  ])
    test(`${n} rows, ${columns} right-hand sides, of which a factor in wider rows`, () => {
      const factor = { data: randomMatrix(n, n + 3, 1), size: n, stride: n + 3 }
      for (let i = 0; i < n; i++) factor.data[i * (n + 4)] = 2 + Math.sqrt(n)
      const right = randomMatrix(n, columns, 2)
      const solved = [vectorised, plain].map((one) =>
        [one.solveLowerMany, one.solveLowerTransposedMany].map((solve) => {
          const solution = right.slice()
          solve(factor, solution, columns)
          return solution
        }),
      )
      solved[0].forEach((solution, way) => {
        expectSameBits(solution, solved[1][way])
      })
      const products = [vectorised, plain].map((one) => one.multiplyLower(factor, right, columns))
      expectSameBits(products[0], products[1])
    })

  test('a matrix without a factor: the row that fails, and what is then left of the others', () => {
    const n = 100
    const matrix = randomPositiveDefinite(n, 5)
    matrix[60 * n + 60] = -1
    const [own, other] = [matrix.slice(), matrix.slice()]
    expect(vectorised.choleskyInPlace(own, n)).toBe(60)
    expect(plain.choleskyInPlace(other, n)).toBe(60)
    expectSameBits(own, other)
  })

  test('products of matrices in the memory of the kernel and elsewhere, transposed or not', () => {
    const size = fc.integer({ min: 1, max: 70 })
    const depths = fc.constantFrom(1, 5, 127, 128, 129, 260)
    fc.assert(
      fc.property(size, depths, size, fc.nat(7), fc.nat(1), (rows, depth, columns, flips, s) => {
        const shapes: [number, number][] = [
          [rows, columns],
          [rows, depth],
          [depth, columns],
        ]
        const isFlipped = (which: number) => ((flips >> which) & 1) === 1
        const data = shapes.map(([m, n], which) => randomMatrix(m, n, which))
        const there = blockKernel()?.borrow(
          ...shapes.map(([m, n], w): [number, number] => (isFlipped(w) ? [n, m] : [m, n])),
        ) as MatrixView[]
        there.forEach((view, which) => {
          view.data.set(data[which], view.offset)
        })
        const asMeant = (views: MatrixView[]) =>
          views.map((view, which) => (isFlipped(which) ? transposed(view) : view))
        const here = () =>
          asMeant(
            shapes.map(([m, n], w) =>
              isFlipped(w) ? viewOf(data[w].slice(), n, m) : viewOf(data[w].slice(), m, n),
            ),
          )
        const sign = s === 0 ? 1 : -1
        const lowerOnly = rows === columns
        const [one, other, third] = [asMeant(there), here(), here()]
        addProduct(one[0], one[1], one[2], sign, lowerOnly)
        addProduct(other[0], other[1], other[2], sign, lowerOnly)
        plainProduct(third[0], third[1], third[2], sign, lowerOnly)
        const { offset } = one[0]
        const result = one[0].data.subarray(offset, offset + rows * columns)
        expectSameBits(result, third[0].data)
        expectSameBits(other[0].data, third[0].data)
      }),
      { numRuns: 200, seed: 1 },
    )
  })
})

test('nothing is lent that has no room', () => {
  expect(blockKernel()?.borrow([1200, 1200])).toBeDefined()
  expect(blockKernel()?.borrow([1200, 1200], [1200, 100])).toBeUndefined()
})
