import { addProduct } from './add-product.js'
import { inWorkspace } from './block-kernel.js'
import { solveLowerBlock } from './block-solves.js'
import { type MatrixView, transposed, viewOf } from './matrix-view.js'
import { LEAF, splitTriangle } from './triangle-split.js'
import { type LowerFactor, requireSquare } from './triangular.js'

/**
 * Shares of the mean diagonal that are added, one after the other, until the matrix has a factor.
 */
const JITTERS = [0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4]

/** A matrix has no Cholesky factor in double precision. */
export class NotPositiveDefiniteError extends RangeError {
  override readonly name = 'NotPositiveDefiniteError'

  /** @param pivot the row, from 0, whose pivot is not above 0 */
  constructor(
    readonly pivot: number,
    detail: string,
  ) {
    super(`the matrix is not positive definite: ${detail}`)
  }
}

/** L with L Lᵀ = K + jitter · I. */
export interface JitteredFactor {
  readonly factor: LowerFactor
  /** What was added to the diagonal, in its unit; 0 when nothing was needed. */
  readonly jitter: number
}

/**
 * Replaces a symmetric positive definite matrix by its Cholesky factor L, A = L Lᵀ. Recursive
 * halves, whose work is products of blocks (Gustavson 1997, "Recursion leads to automatic variable
 * blocking"): n³ / 6 multiplications.
 * @param matrix row-major, row i begins at i · stride; only the lower triangle is read and written
 * @returns −1, or the first row, from 0, whose pivot is not a finite number above 0; the triangle
 *   is then partly overwritten
 * @throws RangeError when the array is too short
 */
export function choleskyInPlace(matrix: Float64Array, n: number, stride = n): number {
  requireSquare(matrix, n, stride)
  return inWorkspace(viewOf(matrix, n, n, stride), factorise)
}

/**
 * The Cholesky factor of K, or of K + jitter · I with the least jitter of 1e-8, 1e-7, …, 1e-4 times
 * the mean diagonal that gives one.
 * @param matrix n × n, row-major; only its lower triangle is read, nothing is written
 * @param out n × n, where to write the factor (its lower triangle), another array than `matrix`
 * @throws NotPositiveDefiniteError when the largest jitter is not enough; RangeError when an entry
 *   is not finite or an array is too short
 */
export function choleskyWithJitter(
  matrix: Float64Array,
  n: number,
  out: Float64Array = new Float64Array(n * n),
): JitteredFactor {
  requireSquare(matrix, n, n)
  requireSquare(out, n, n)
  if (out === matrix) throw new RangeError('the factor cannot overwrite the matrix')
  const mean = meanDiagonal(matrix, n)
  let failed = -1
  for (const share of JITTERS) {
    const jitter = share * mean
    copyLower(matrix, n, jitter, out)
    failed = inWorkspace(viewOf(out, n, n), factorise)
    if (failed < 0) return { factor: { data: out, size: n, stride: n }, jitter }
    requireFinite(matrix, n)
  }
  const largest = (JITTERS.at(-1) as number) * mean
  throw new NotPositiveDefiniteError(
    failed,
    `the pivot of row ${failed} is not above 0, even with ${largest} added to the diagonal`,
  )
}

/** ln det(L Lᵀ) = 2 Σ ln L_ii. */
export function logDeterminant({ data, size, stride }: LowerFactor): number {
  let sum = 0
  for (let i = 0; i < size; i++) sum += Math.log(data[i * stride + i])
  return 2 * sum
}

function factorise(matrix: MatrixView): number {
  if (matrix.rows <= LEAF) return factoriseLeaf(matrix)
  const { first, corner, second } = splitTriangle(matrix)
  const failed = factorise(first)
  if (failed >= 0) return failed
  solveLowerBlock(first, transposed(corner))
  addProduct(second, corner, transposed(corner), -1, true)
  const failedLater = factorise(second)
  return failedLater < 0 ? -1 : first.rows + failedLater
}

function factoriseLeaf({ data, offset, rows: n, rowStride }: MatrixView): number {
  for (let i = 0; i < n; i++) {
    const row = offset + i * rowStride
    for (let j = 0; j < i; j++) {
      const other = offset + j * rowStride
      let sum = data[row + j]
      for (let k = 0; k < j; k++) sum -= data[row + k] * data[other + k]
      data[row + j] = sum / data[other + j]
    }
    let pivot = data[row + i]
    for (let k = 0; k < i; k++) pivot -= data[row + k] * data[row + k]
    if (!(pivot > 0 && pivot < Number.POSITIVE_INFINITY)) return i
    data[row + i] = Math.sqrt(pivot)
  }
  return -1
}

function meanDiagonal(matrix: Float64Array, n: number): number {
  let sum = 0
  for (let i = 0; i < n; i++) sum += matrix[i * n + i]
  return n === 0 ? 0 : sum / n
}

function copyLower(matrix: Float64Array, n: number, jitter: number, out: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const row = i * n
    for (let at = row; at < row + i; at++) out[at] = matrix[at]
    out[row + i] = matrix[row + i] + jitter
  }
}

function requireFinite(matrix: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const entry = matrix[i * n + j]
      if (!Number.isFinite(entry)) {
        throw new RangeError(`entry (${i}, ${j}) of the matrix is ${entry}`)
      }
    }
  }
}
