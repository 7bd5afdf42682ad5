import { COLUMNS, DEPTH, LINES, type Panels, ROWS } from './panels.js'

/** Panels that are multiplied without WebAssembly, to the same bits. */
export function createPlainPanels(): Panels {
  const left = new Float64Array(ROWS * DEPTH)
  const right = new Float64Array(COLUMNS * DEPTH)
  const product = new Float64Array(ROWS * COLUMNS)
  return {
    left,
    right,
    product,
    multiply(height, width, depth, shift) {
      for (let j = 0; j < width; j += LINES) {
        for (let i = 0; i < height; i += LINES) {
          if (j >= shift + i + LINES) continue
          const tile = i * COLUMNS + j
          for (let half = 0; half < LINES; half += 2) {
            const to = tile + half * COLUMNS
            multiplyStrips(left, i * depth + half, right, j * depth, depth, product, to)
          }
        }
      }
    },
  }
}

/**
 * Two rows of a strip times four columns. Without `| 0` the indices are checked for overflow, which
 * takes a fifth of the time.
 */
function multiplyStrips(
  left: Float64Array,
  row: number,
  right: Float64Array,
  column: number,
  depth: number,
  product: Float64Array,
  tile: number,
): void {
  let s00 = 0
  let s01 = 0
  let s02 = 0
  let s03 = 0
  let s10 = 0
  let s11 = 0
  let s12 = 0
  let s13 = 0
  let p = row | 0
  let q = column | 0
  const end = (row + LINES * depth) | 0
  while (p < end) {
    const a0 = left[p]
    const a1 = left[(p + 1) | 0]
    const b0 = right[q]
    s00 += a0 * b0
    s10 += a1 * b0
    const b1 = right[(q + 1) | 0]
    s01 += a0 * b1
    s11 += a1 * b1
    const b2 = right[(q + 2) | 0]
    s02 += a0 * b2
    s12 += a1 * b2
    const b3 = right[(q + 3) | 0]
    s03 += a0 * b3
    s13 += a1 * b3
    p = (p + LINES) | 0
    q = (q + LINES) | 0
  }
  product[tile] = s00
  product[tile + 1] = s01
  product[tile + 2] = s02
  product[tile + 3] = s03
  product[tile + COLUMNS] = s10
  product[tile + COLUMNS + 1] = s11
  product[tile + COLUMNS + 2] = s12
  product[tile + COLUMNS + 3] = s13
}
