import { multiplyLower } from '../../linear-algebra/index.js'
import type { RowMatrix } from '../../row-matrix.js'

/** Points (n × d), each coordinate divided by the length-scale of a term. */
export function scaledPoints(
  { data, rows, columns }: RowMatrix,
  lengthScales: Float64Array,
  term: number,
): Float64Array {
  const inverse = Float64Array.from(
    lengthScales.subarray(term * columns, (term + 1) * columns),
    (length) => 1 / length,
  )
  const scaled = new Float64Array(rows * columns)
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < columns; j++, at++) scaled[at] = data[at] * inverse[j]
  return scaled
}

/** r² of row i of one and row k of the other, both (· × d). */
export function squaredDistance(
  a: Float64Array,
  i: number,
  b: Float64Array,
  k: number,
  columns: number,
): number {
  let sum = 0
  for (let j = 0, p = i * columns, q = k * columns; j < columns; j++, p++, q++) {
    const step = a[p] - b[q]
    sum += step * step
  }
  return sum
}

/**
 * Writes r² of row i of one and the first `count` rows of the other to `out`, from `at` on: four at a time, to the same bits.
 * Without `| 0` the indices are checked for overflow, which takes a tenth of the time.
 */
export function squaredDistances(
  a: Float64Array,
  i: number,
  b: Float64Array,
  count: number,
  columns: number,
  out: Float64Array,
  at: number,
): void {
  let k = 0
  for (; k + 3 < count; k += 4) {
    let s0 = 0
    let s1 = 0
    let s2 = 0
    let s3 = 0
    let q = (k * columns) | 0
    for (let p = (i * columns) | 0, end = (p + columns) | 0; p < end; p = (p + 1) | 0) {
      const own = a[p]
      const d0 = own - b[q]
      const d1 = own - b[(q + columns) | 0]
      const d2 = own - b[(q + 2 * columns) | 0]
      const d3 = own - b[(q + 3 * columns) | 0]
      s0 += d0 * d0
      s1 += d1 * d1
      s2 += d2 * d2
      s3 += d3 * d3
      q = (q + 1) | 0
    }
    out[at + k] = s0
    out[at + k + 1] = s1
    out[at + k + 2] = s2
    out[at + k + 3] = s3
  }
  for (; k < count; k++) out[at + k] = squaredDistance(a, i, b, k, columns)
}

/**
 * Σᵢₖ Sᵢₖ (xᵢⱼ − xₖⱼ)² over all pairs i > k, for each coordinate j: Σᵢ rᵢ xᵢⱼ² − 2 Σᵢ xᵢⱼ (S x)ᵢⱼ with r the row sums of S + Sᵀ, one
 * product of matrices in place of n² d / 2 differences. It is the same wherever the origin lies; at the centre of the points least
 * cancels.
 * @param weights S (n × n), of which only what is below the diagonal counts; the diagonal must be 0
 * @param points x (n × d)
 * @returns d
 */
export function weightedSquares(
  weights: Float64Array,
  points: Float64Array,
  columns: number,
): Float64Array {
  const n = points.length / columns
  const centred = centredPoints(points, columns)
  const products = multiplyLower({ data: weights, size: n, stride: n }, centred, columns)
  const rowSums = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let own = 0
    for (let k = 0, at = i * n; k < i; k++, at++) {
      own += weights[at]
      rowSums[k] += weights[at]
    }
    rowSums[i] += own
  }
  const sums = new Float64Array(columns)
  for (let i = 0, at = 0; i < n; i++)
    for (let j = 0; j < columns; j++, at++) {
      sums[j] += centred[at] * (rowSums[i] * centred[at] - 2 * products[at])
    }
  return sums
}

function centredPoints(points: Float64Array, columns: number): Float64Array {
  const rows = points.length / columns
  const means = new Float64Array(columns)
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < columns; j++, at++) means[j] += points[at] / rows
  const centred = points.slice()
  for (let i = 0, at = 0; i < rows; i++)
    for (let j = 0; j < columns; j++, at++) centred[at] -= means[j]
  return centred
}
