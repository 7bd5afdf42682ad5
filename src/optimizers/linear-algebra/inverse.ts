import { addProduct } from './add-product.js'
import { inWorkspace } from './block-kernel.js'
import { solveLowerBlock, solveTransposedBlock } from './block-solves.js'
import { copyEntries, type MatrixView, transposed, viewOf } from './matrix-view.js'
import { LEAF, splitRows, splitTriangle } from './triangle-split.js'
import { type LowerFactor, requireSquare } from './triangular.js'

/**
 * Side of the squares in which a triangle is mirrored, so that rows and columns stay in the cache.
 */
const SQUARE = 16

/**
 * K⁻¹ for K = L Lᵀ: first M = L⁻¹, then Mᵀ M, both in place in recursive halves (as LAPACK's
 * dpotri): n³ / 3 multiplications.
 * @param out n × n, row-major, where to write the inverse; may be the factor's own array when its
 *   stride is n
 * @returns `out`, symmetric to the last bit
 * @throws RangeError when `out` is too short
 */
export function inverseFromCholesky(
  factor: LowerFactor,
  out: Float64Array = new Float64Array(factor.size ** 2),
): Float64Array {
  const n = factor.size
  requireSquare(out, n, n)
  const whole = viewOf(out, n, n)
  copyEntries(viewOf(factor.data, n, n, factor.stride), whole)
  inWorkspace(whole, (triangle) => {
    invertTriangle(triangle)
    squareTriangle(triangle)
  })
  mirrorLower(out, n)
  return out
}

/** M ← M⁻¹: [A ·; B C]⁻¹ = [A⁻¹ ·; −C⁻¹ B A⁻¹  C⁻¹]. */
function invertTriangle(triangle: MatrixView): void {
  if (triangle.rows <= LEAF) {
    invertLeaf(triangle)
    return
  }
  const { first, corner, second } = splitTriangle(triangle)
  solveLowerBlock(second, corner)
  solveTransposedBlock(first, transposed(corner))
  negate(corner)
  invertTriangle(first)
  invertTriangle(second)
}

function invertLeaf({ data, offset, rows: n, rowStride }: MatrixView): void {
  for (let j = 0; j < n; j++) {
    const diagonal = offset + j * rowStride + j
    data[diagonal] = 1 / data[diagonal]
    for (let i = j + 1; i < n; i++) {
      const row = offset + i * rowStride
      let sum = 0
      for (let k = j; k < i; k++) sum -= data[row + k] * data[offset + k * rowStride + j]
      data[row + j] = sum / data[row + i]
    }
  }
}

function negate({ data, offset, rows, columns, rowStride }: MatrixView): void {
  for (let i = 0; i < rows; i++) {
    const row = offset + i * rowStride
    for (let at = row; at < row + columns; at++) data[at] = -data[at]
  }
}

/** M ← the lower triangle of Mᵀ M = [AᵀA + BᵀB ·; CᵀB  CᵀC] for M = [A ·; B C]. */
function squareTriangle(triangle: MatrixView): void {
  if (triangle.rows <= LEAF) {
    squareLeaf(triangle)
    return
  }
  const { first, corner, second } = splitTriangle(triangle)
  squareTriangle(first)
  addProduct(first, transposed(corner), corner, 1, true)
  multiplyTransposed(second, corner)
  squareTriangle(second)
}

function squareLeaf({ data, offset, rows: n, rowStride }: MatrixView): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0
      for (let k = i; k < n; k++) {
        const row = offset + k * rowStride
        sum += data[row + i] * data[row + j]
      }
      data[offset + i * rowStride + j] = sum
    }
  }
}

/** B ← Mᵀ B for a lower triangular M; B is row-major. */
function multiplyTransposed(triangle: MatrixView, right: MatrixView): void {
  if (triangle.rows <= LEAF) {
    multiplyLeaf(triangle, right)
    return
  }
  const split = splitTriangle(triangle)
  const [above, below] = splitRows(right, split)
  multiplyTransposed(split.first, above)
  addProduct(above, transposed(split.corner), below, 1)
  multiplyTransposed(split.second, below)
}

function multiplyLeaf(triangle: MatrixView, right: MatrixView): void {
  if (right.kernel) {
    right.kernel.multiplyUpper(transposed(triangle), right)
    return
  }
  const { data: m, offset, rows: n, rowStride } = triangle
  const { data: x, columns } = right
  for (let i = 0; i < n; i++) {
    const begin = right.offset + i * right.rowStride
    const end = begin + columns
    const pivot = m[offset + i * rowStride + i]
    for (let at = begin; at < end; at++) x[at] *= pivot
    for (let k = i + 1; k < n; k++) {
      const share = m[offset + k * rowStride + i]
      const apart = (k - i) * right.rowStride
      for (let at = begin; at < end; at++) x[at] += share * x[at + apart]
    }
  }
}

function mirrorLower(matrix: Float64Array, n: number): void {
  for (let top = 0; top < n; top += SQUARE) {
    const bottom = Math.min(top + SQUARE, n)
    for (let left = 0; left <= top; left += SQUARE) {
      for (let i = top; i < bottom; i++) {
        const right = Math.min(left + SQUARE, i)
        for (let j = left; j < right; j++) matrix[j * n + i] = matrix[i * n + j]
      }
    }
  }
}
