import type { MatrixView } from './matrix-view.js'

/** Shape of the tile of the result that is kept in registers: of those tried the fastest in V8. */
const TILE_ROWS = 2
const TILE_COLUMNS = 3
/** Sizes of the packed panels, in entries; a strip of each together fits the first-level cache. */
const DEPTH = 128
const ROWS = 32 * TILE_ROWS
const COLUMNS = 160 * TILE_COLUMNS

/** Scratch of all calls; nothing here calls back, so no two calls overlap. */
const leftPanel = new Float64Array(ROWS * DEPTH)
const rightPanel = new Float64Array(COLUMNS * DEPTH)
const tile = new Float64Array(TILE_ROWS * TILE_COLUMNS)

/**
 * target += sign · left · right, for left (rows × depth) and right (depth × columns), each of which
 * may be a transposed view. The factors are copied, block by block, into panels where the entries
 * that a tile needs lie side by side (Goto and van de Geijn 2008, "Anatomy of high-performance
 * matrix multiplication").
 * @param target must share no entry with the factors
 * @param lowerOnly leave the entries above the diagonal of a square target as they are
 */
export function addProduct(
  target: MatrixView,
  left: MatrixView,
  right: MatrixView,
  sign: 1 | -1,
  lowerOnly = false,
): void {
  const { rows, columns } = target
  for (let k = 0; k < left.columns; k += DEPTH) {
    const depth = Math.min(DEPTH, left.columns - k)
    for (let j = 0; j < columns; j += COLUMNS) {
      const width = Math.min(COLUMNS, columns - j)
      packRight(right, k, j, depth, width)
      for (let i = lowerOnly ? j : 0; i < rows; i += ROWS) {
        const height = Math.min(ROWS, rows - i)
        packLeft(left, i, k, height, depth)
        addPanels(target, i, j, height, width, depth, sign, lowerOnly)
      }
    }
  }
}

function packLeft(left: MatrixView, i: number, k: number, height: number, depth: number): void {
  const { data, rowStride, columnStride } = left
  const first = left.offset + i * rowStride + k * columnStride
  for (let line = 0; line < height; line++) {
    const to = (line - (line % TILE_ROWS)) * depth + (line % TILE_ROWS)
    packLine(data, first + line * rowStride, columnStride, depth, leftPanel, to, TILE_ROWS)
  }
}

function packRight(right: MatrixView, k: number, j: number, depth: number, width: number): void {
  const { data, rowStride, columnStride } = right
  const first = right.offset + k * rowStride + j * columnStride
  for (let line = 0; line < width; line++) {
    const to = (line - (line % TILE_COLUMNS)) * depth + (line % TILE_COLUMNS)
    packLine(data, first + line * columnStride, rowStride, depth, rightPanel, to, TILE_COLUMNS)
  }
}

function packLine(
  data: Float64Array,
  from: number,
  stride: number,
  depth: number,
  panel: Float64Array,
  to: number,
  step: number,
): void {
  for (let k = 0; k < depth; k++) {
    panel[to] = data[from]
    to += step
    from += stride
  }
}

/** Adds the product of the two panels to the part of the target that begins at (row, column). */
function addPanels(
  target: MatrixView,
  row: number,
  column: number,
  height: number,
  width: number,
  depth: number,
  sign: 1 | -1,
  lowerOnly: boolean,
): void {
  for (let j = 0; j < width; j += TILE_COLUMNS) {
    const columns = Math.min(TILE_COLUMNS, width - j)
    for (let i = 0; i < height; i += TILE_ROWS) {
      const rows = Math.min(TILE_ROWS, height - i)
      // How many columns of the tile's first row are not above the diagonal.
      const kept = lowerOnly ? row + i - column - j + 1 : TILE_COLUMNS
      if (kept + rows <= 1) continue
      multiplyStrips(i * depth, j * depth, depth)
      addTile(target, row + i, column + j, rows, columns, kept, sign)
    }
  }
}

/**
 * Sums the products of a strip of each panel over the depth. Lines that a last strip lacks leave
 * their sums meaningless. Without `| 0` the indices are checked for overflow, which takes a fifth
 * of the time.
 */
function multiplyStrips(left: number, right: number, depth: number): void {
  let s00 = 0
  let s01 = 0
  let s02 = 0
  let s10 = 0
  let s11 = 0
  let s12 = 0
  let p = left | 0
  let q = right | 0
  const end = (left + TILE_ROWS * depth) | 0
  while (p < end) {
    const a0 = leftPanel[p]
    const a1 = leftPanel[(p + 1) | 0]
    const b0 = rightPanel[q]
    s00 += a0 * b0
    s10 += a1 * b0
    const b1 = rightPanel[(q + 1) | 0]
    s01 += a0 * b1
    s11 += a1 * b1
    const b2 = rightPanel[(q + 2) | 0]
    s02 += a0 * b2
    s12 += a1 * b2
    p = (p + TILE_ROWS) | 0
    q = (q + TILE_COLUMNS) | 0
  }
  tile[0] = s00
  tile[1] = s01
  tile[2] = s02
  tile[3] = s10
  tile[4] = s11
  tile[5] = s12
}

function addTile(
  target: MatrixView,
  row: number,
  column: number,
  rows: number,
  columns: number,
  kept: number,
  sign: 1 | -1,
): void {
  const { data, rowStride, columnStride } = target
  for (let i = 0; i < rows; i++) {
    let at = target.offset + (row + i) * rowStride + column * columnStride
    const end = Math.min(columns, kept + i)
    for (let j = 0; j < end; j++) {
      data[at] += sign * tile[TILE_COLUMNS * i + j]
      at += columnStride
    }
  }
}
