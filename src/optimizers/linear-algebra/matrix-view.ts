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
}

/** A view of a whole row-major matrix whose rows begin `stride` entries apart. */
export function viewOf(
  data: Float64Array,
  rows: number,
  columns: number,
  stride = columns,
): MatrixView {
  return { data, offset: 0, rows, columns, rowStride: stride, columnStride: 1 }
}

/** The (rows × columns) part whose first entry is (row, column). */
export function partOf(
  view: MatrixView,
  row: number,
  column: number,
  rows: number,
  columns: number,
): MatrixView {
  const { data, rowStride, columnStride } = view
  const offset = view.offset + row * rowStride + column * columnStride
  return { data, offset, rows, columns, rowStride, columnStride }
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
  }
}
