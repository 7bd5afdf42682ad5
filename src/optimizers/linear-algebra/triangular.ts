import { blockKernel } from './block-kernel.js'
import { solveLowerBlock, solveTransposedBlock } from './block-solves.js'
import { copyEntries, type MatrixView, partOf, viewOf } from './matrix-view.js'
import { COLUMNS } from './panels.js'

/**
 * A lower triangular matrix L with a diagonal above 0; entries above the diagonal are never read.
 */
export interface LowerFactor {
  /** Row-major: entry (i, j) is `data[i * stride + j]`. */
  readonly data: Float64Array
  /** Rows and columns. */
  readonly size: number
  /** Entries from one row to the next, ≥ size. */
  readonly stride: number
}

/**
 * Solves L x = b in place: `vector` holds b and then x.
 * @param vector as many numbers as L has rows
 * @throws RangeError when it has not
 */
export function solveLower(factor: LowerFactor, vector: Float64Array): void {
  requireLength(vector, factor.size)
  forwardSubstitute(factor, vector)
}

/**
 * Solves Lᵀ x = b in place: `vector` holds b and then x.
 * @param vector as many numbers as L has rows
 * @throws RangeError when it has not
 */
export function solveLowerTransposed(factor: LowerFactor, vector: Float64Array): void {
  requireLength(vector, factor.size)
  let end = factor.size
  for (; end >= 4; end -= 4) substituteFour(factor, vector, end - 4)
  for (let i = end - 1; i >= 0; i--) substituteBack(factor, vector, i, 0)
}

/** Solves for entry i and takes it off the entries before it, from `begin` on. */
function substituteBack(
  { data, stride }: LowerFactor,
  vector: Float64Array,
  i: number,
  begin: number,
): void {
  const row = i * stride
  const x = vector[i] / data[row + i]
  vector[i] = x
  for (let j = begin; j < i; j++) vector[j] -= data[row + j] * x
}

/** Entries i to i + 3: the entries before them are read and written once for all four. */
function substituteFour(factor: LowerFactor, vector: Float64Array, i: number): void {
  const { data, stride } = factor
  for (let k = i + 3; k >= i; k--) substituteBack(factor, vector, k, i)
  const [x0, x1, x2, x3] = [vector[i], vector[i + 1], vector[i + 2], vector[i + 3]]
  const first = i * stride
  const [second, third, fourth] = [first + stride, first + 2 * stride, first + 3 * stride]
  for (let j = 0; j < i; j++) {
    vector[j] -=
      data[first + j] * x0 + data[second + j] * x1 + (data[third + j] * x2 + data[fourth + j] * x3)
  }
}

/** Solves L Lᵀ x = b in place: `vector` holds b and then x. Throws as `solveLower` does. */
export function solveFactored(factor: LowerFactor, vector: Float64Array): void {
  solveLower(factor, vector)
  solveLowerTransposed(factor, vector)
}

/**
 * Solves L X = B in place for many right-hand sides at once.
 * @param right row-major (size × columns): holds B and then X
 * @throws RangeError when it has another length
 */
export function solveLowerMany(factor: LowerFactor, right: Float64Array, columns: number): void {
  requireLength(right, factor.size * columns)
  solveMany(solveLowerBlock, factor, viewOf(right, factor.size, columns))
}

/**
 * Solves Lᵀ X = B in place for many right-hand sides at once.
 * @param right row-major (size × columns): holds B and then X
 * @throws RangeError when it has another length
 */
export function solveLowerTransposedMany(
  factor: LowerFactor,
  right: Float64Array,
  columns: number,
): void {
  requireLength(right, factor.size * columns)
  solveMany(solveTransposedBlock, factor, viewOf(right, factor.size, columns))
}

/** With fewer columns it does not pay to copy the factor. */
const MANY = 8

/** In the memory of the kernel, some columns at a time, where there is room. */
function solveMany(
  solve: (triangle: MatrixView, right: MatrixView) => void,
  { data, size, stride }: LowerFactor,
  right: MatrixView,
): void {
  const triangle = viewOf(data, size, size, stride)
  const { columns } = right
  const most = Math.min(COLUMNS, columns)
  const borrowed = columns < MANY ? undefined : blockKernel()?.borrow([size, size], [size, most])
  if (!borrowed) {
    solve(triangle, right)
    return
  }
  const [ownTriangle, ownRight] = borrowed
  copyEntries(triangle, ownTriangle)
  for (let j = 0; j < columns; j += most) {
    const width = Math.min(most, columns - j)
    const part = partOf(right, 0, j, size, width)
    const own = partOf(ownRight, 0, 0, size, width)
    copyEntries(part, own)
    solve(ownTriangle, own)
    copyEntries(own, part)
  }
}

/** Solves L x = b for the first `size` entries of `vector`, which may be longer. */
export function forwardSubstitute({ data, size, stride }: LowerFactor, vector: Float64Array): void {
  for (let i = 0; i < size; i++) {
    const row = i * stride
    vector[i] = (vector[i] - dotOfRow(data, row, vector, i)) / data[row + i]
  }
}

/** Σ data[row + k] · vector[k] over k < length, in four sums that do not wait for one another. */
function dotOfRow(data: Float64Array, row: number, vector: Float64Array, length: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let k = 0
  for (; k + 3 < length; k += 4) {
    s0 += data[row + k] * vector[k]
    s1 += data[row + k + 1] * vector[k + 1]
    s2 += data[row + k + 2] * vector[k + 2]
    s3 += data[row + k + 3] * vector[k + 3]
  }
  for (; k < length; k++) s0 += data[row + k] * vector[k]
  return s0 + s1 + (s2 + s3)
}

/** @throws RangeError when an n × n matrix with that stride does not fit the array */
export function requireSquare(matrix: Float64Array, n: number, stride: number): void {
  const entries = n === 0 ? 0 : (n - 1) * stride + n
  if (!Number.isInteger(n) || n < 0 || stride < n || matrix.length < entries) {
    throw new RangeError(
      `${matrix.length} entries are no ${n} × ${n} matrix with rows ${stride} apart`,
    )
  }
}

/** @throws RangeError when the right-hand side has another length */
export function requireLength(vector: Float64Array, length: number): void {
  if (vector.length !== length) {
    throw new RangeError(`the right-hand side has ${vector.length} entries, not ${length}`)
  }
}
