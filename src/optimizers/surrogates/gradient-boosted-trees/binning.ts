import type { RowMatrix } from '../../row-matrix.js'

/** Rows with every column cut into ordered bins; the targets of all metrics share it. */
export interface BinnedRows {
  readonly rows: number
  readonly columns: number
  /** Bin of row i in column j, counted from 0 in each column: entry j · rows + i. */
  readonly codes: Uint16Array | Uint32Array
  /** (columns + 1) entries: the bins of column j are numbered `offsets[j]` to `offsets[j + 1]` − 1. */
  readonly offsets: Int32Array
  /** Smallest value in each bin. */
  readonly lower: Float64Array
  /** Largest value in each bin. */
  readonly upper: Float64Array
}

/**
 * One bin a distinct value where a column has at most `maxBins` of them, else bins of about equally
 * many rows, where equal values stay together.
 * @param features (n × m), finite
 * @param maxBins ≥ 2; Infinity keeps every distinct value apart
 * @throws RangeError when a feature is not finite
 */
export function binRows(features: RowMatrix, maxBins: number): BinnedRows {
  const { rows, columns, data } = features
  const codes = rows > 65_536 ? new Uint32Array(rows * columns) : new Uint16Array(rows * columns)
  const offsets = new Int32Array(columns + 1)
  const lower: number[] = []
  const upper: number[] = []
  const column = new Float64Array(rows)
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) column[i] = data[i * columns + j]
    if (!column.every(Number.isFinite)) throw new RangeError(`column ${j} is not finite`)
    const order = Uint32Array.from(column.keys()).sort((a, b) => column[a] - column[b])
    binColumn(column, order, maxBins, codes.subarray(j * rows, (j + 1) * rows), lower, upper)
    offsets[j + 1] = lower.length
  }
  const [low, high] = [Float64Array.from(lower), Float64Array.from(upper)]
  return { rows, columns, codes, offsets, lower: low, upper: high }
}

function binColumn(
  column: Float64Array,
  order: Uint32Array,
  maxBins: number,
  codes: Uint16Array | Uint32Array,
  lower: number[],
  upper: number[],
): void {
  const rows = order.length
  const oneValueABin = countDistinct(column, order) <= maxBins
  let bin = 0
  for (let start = 0; start < rows; bin++) {
    const quota = oneValueABin ? 1 : (rows - start) / (maxBins - bin)
    let end = start
    while (end < rows && (end - start < quota || column[order[end]] === column[order[end - 1]])) {
      codes[order[end++]] = bin
    }
    lower.push(column[order[start]])
    upper.push(column[order[end - 1]])
    start = end
  }
}

function countDistinct(column: Float64Array, order: Uint32Array): number {
  let count = Math.min(1, order.length)
  for (let k = 1; k < order.length; k++) if (column[order[k]] !== column[order[k - 1]]) count++
  return count
}

/** The mid-point of two values a < b, such that a ≤ mid-point < b also where they are neighbouring doubles. */
export function midpoint(a: number, b: number): number {
  const middle = a + (b - a) / 2
  return middle < b ? middle : a
}
