import type { BlockKernel } from './block-kernel.js'

/**
 * A part of a dense matrix of doubles, maybe transposed: entry (i, j) is
 * `data[offset + i * rowStride + j * columnStride]`.
 */
export interface MatrixView {
  readonly data: Float64Array
  readonly offset: number
  readonly rows: number
  readonly columns: number
  readonly rowStride: number
  readonly columnStride: number
  /** That in whose memory the data are; undefined elsewhere. */
  readonly kernel: BlockKernel | undefined
}

/** A view of a whole row-major matrix whose rows begin `stride` entries apart. */
export function viewOf(
  data: Float64Array,
  rows: number,
  columns: number,
  stride = columns,
): MatrixView {
  return {
    data,
    offset: 0,
    rows,
    columns,
    rowStride: stride,
    columnStride: 1,
    kernel: undefined,
  }
}

/** The (rows × columns) part whose first entry is (row, column). */
export function partOf(
  view: MatrixView,
  row: number,
  column: number,
  rows: number,
  columns: number,
): MatrixView {
  const { data, rowStride, columnStride, kernel } = view
  const offset = view.offset + row * rowStride + column * columnStride
  return { data, offset, rows, columns, rowStride, columnStride, kernel }
}

/** The same entries with rows and columns exchanged. */
export function transposed(view: MatrixView): MatrixView {
  return {
    data: view.data,
    offset: view.offset,
    rows: view.columns,
    columns: view.rows,
    rowStride: view.columnStride,
    columnStride: view.rowStride,
    kernel: view.kernel,
  }
}

/** Copies all entries to a matrix of the same shape; rows of both lie along the memory. */
export function copyEntries(from: MatrixView, to: MatrixView): void {
  const { rows, columns } = from
  const isGapless = from.rowStride === columns && to.rowStride === columns
  const [lines, length] = isGapless ? [1, rows * columns] : [rows, columns]
  for (let i = 0; i < lines; i++) {
    const begin = from.offset + i * from.rowStride
    to.data.set(from.data.subarray(begin, begin + length), to.offset + i * to.rowStride)
  }
}
