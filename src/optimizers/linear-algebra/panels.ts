import type { MatrixView } from './matrix-view.js'

/** Lines of a strip: a strip of rows times a strip of columns is a tile of sums in registers. */
export const LINES = 4

/** The largest panels, in entries. A strip of each fits the first-level cache, all the second. */
export const DEPTH = 128
export const ROWS = 64
export const COLUMNS = 480

/** Two blocks of matrices, packed, and room for their product. There is one of them a thread. */
export interface Panels {
  /** Strips of up to `ROWS` rows, up to `DEPTH` deep. */
  readonly left: Float64Array
  /** Strips of up to `COLUMNS` columns, up to `DEPTH` deep. */
  readonly right: Float64Array
  /** Row-major (`ROWS` × `COLUMNS`). */
  readonly product: Float64Array
  /**
   * Overwrites the product: each entry is summed in the order of the depth, without fused
   * multiplications, whoever computes it. What lines that a last strip lacks would give is
   * meaningless.
   * @param shift entries with column > shift + row are not needed, and maybe meaningless
   */
  multiply(height: number, width: number, depth: number, shift: number): void
}

/**
 * Copies a block of a matrix into a panel, in strips of `LINES` rows whose entries in one column
 * lie side by side (Goto and van de Geijn 2008, "Anatomy of high-performance matrix
 * multiplication").
 */
export function packRows(
  { data, offset, rowStride, columnStride }: MatrixView,
  row: number,
  column: number,
  rows: number,
  columns: number,
  panel: Float64Array,
): void {
  let from = offset + row * rowStride + column * columnStride
  let to = 0
  for (let left = rows; left > 0; left -= LINES) {
    if (left >= LINES) packStrip(data, from, rowStride, columnStride, columns, panel, to)
    else
      for (let line = 0; line < left; line++) {
        packLine(data, from + line * rowStride, columnStride, columns, panel, to + line)
      }
    from += LINES * rowStride
    to += LINES * columns
  }
}

function packStrip(
  data: Float64Array,
  from: number,
  rowStride: number,
  columnStride: number,
  columns: number,
  panel: Float64Array,
  to: number,
): void {
  const end = to + LINES * columns
  let p0 = from
  let p1 = p0 + rowStride
  let p2 = p1 + rowStride
  let p3 = p2 + rowStride
  for (let at = to; at < end; at += LINES) {
    panel[at] = data[p0]
    panel[at + 1] = data[p1]
    panel[at + 2] = data[p2]
    panel[at + 3] = data[p3]
    p0 += columnStride
    p1 += columnStride
    p2 += columnStride
    p3 += columnStride
  }
}

function packLine(
  data: Float64Array,
  from: number,
  columnStride: number,
  columns: number,
  panel: Float64Array,
  to: number,
): void {
  for (let column = 0; column < columns; column++) {
    panel[to] = data[from]
    to += LINES
    from += columnStride
  }
}
