import { addProduct } from './add-product.js'
import { type MatrixView, transposed } from './matrix-view.js'
import { LEAF, splitRows, splitTriangle } from './triangle-split.js'

/** Solves L X = B in place, for a lower triangular L (n × n) and B (n × k), which becomes X. */
export function solveLowerBlock(triangle: MatrixView, right: MatrixView): void {
  if (triangle.rows <= LEAF) {
    solveLeaf(triangle, right, false)
    return
  }
  const split = splitTriangle(triangle)
  const [above, below] = splitRows(right, split)
  solveLowerBlock(split.first, above)
  addProduct(below, split.corner, above, -1)
  solveLowerBlock(split.second, below)
}

/** Solves Lᵀ X = B in place, for a lower triangular L (n × n) and B (n × k), which becomes X. */
export function solveTransposedBlock(triangle: MatrixView, right: MatrixView): void {
  if (triangle.rows <= LEAF) {
    solveLeaf(transposed(triangle), right, true)
    return
  }
  const split = splitTriangle(triangle)
  const [above, below] = splitRows(right, split)
  solveTransposedBlock(split.second, below)
  addProduct(above, transposed(split.corner), below, -1)
  solveTransposedBlock(split.first, above)
}

/** Substitution, four columns at a time: forward in a lower triangle, backward in an upper one. */
function solveLeaf(triangle: MatrixView, right: MatrixView, isUpper: boolean): void {
  if (right.kernel) {
    right.kernel.solve(triangle, right, isUpper)
    return
  }
  const n = triangle.rows
  for (let column = 0; column < right.columns; column += 4) {
    const last = Math.min(column + 4, right.columns)
    for (let step = 0; step < n; step++) {
      const i = isUpper ? n - 1 - step : step
      const begin = isUpper ? i + 1 : 0
      const end = isUpper ? n : i
      if (last - column === 4) substituteFour(triangle, right, column, i, begin, end)
      else for (let j = column; j < last; j++) substituteOne(triangle, right, j, i, begin, end)
    }
  }
}

/** x_i ← (x_i − Σ_k t_ik x_k) / t_ii over begin ≤ k < end, in four columns from `column` on. */
function substituteFour(
  { data: t, offset, rowStride: tRow, columnStride: tColumn }: MatrixView,
  { data: x, offset: xOffset, rowStride: xRow, columnStride: xColumn }: MatrixView,
  column: number,
  i: number,
  begin: number,
  end: number,
): void {
  const line = offset + i * tRow
  const first = xOffset + column * xColumn
  const at = first + i * xRow
  let s0 = x[at]
  let s1 = x[at + xColumn]
  let s2 = x[at + 2 * xColumn]
  let s3 = x[at + 3 * xColumn]
  for (let k = begin; k < end; k++) {
    const share = t[line + k * tColumn]
    const from = first + k * xRow
    s0 -= share * x[from]
    s1 -= share * x[from + xColumn]
    s2 -= share * x[from + 2 * xColumn]
    s3 -= share * x[from + 3 * xColumn]
  }
  const pivot = t[line + i * tColumn]
  x[at] = s0 / pivot
  x[at + xColumn] = s1 / pivot
  x[at + 2 * xColumn] = s2 / pivot
  x[at + 3 * xColumn] = s3 / pivot
}

/** The same in one column. */
function substituteOne(
  { data: t, offset, rowStride: tRow, columnStride: tColumn }: MatrixView,
  { data: x, offset: xOffset, rowStride: xRow, columnStride: xColumn }: MatrixView,
  column: number,
  i: number,
  begin: number,
  end: number,
): void {
  const line = offset + i * tRow
  const first = xOffset + column * xColumn
  let sum = x[first + i * xRow]
  for (let k = begin; k < end; k++) sum -= t[line + k * tColumn] * x[first + k * xRow]
  x[first + i * xRow] = sum / t[line + i * tColumn]
}
