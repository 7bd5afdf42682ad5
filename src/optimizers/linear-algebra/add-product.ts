import { blockKernel } from './block-kernel.js'
import { type MatrixView, transposed } from './matrix-view.js'
import { COLUMNS, DEPTH, type Panels, packRows, ROWS } from './panels.js'
import { createPlainPanels } from './plain-panels.js'

/** Scratch of all calls; nothing here calls back, so no two calls overlap. */
let scratch: Panels | undefined

/**
 * target += sign · left · right, for left (rows × depth) and right (depth × columns), each of which
 * may be a transposed view. Block by block the factors are packed into panels and multiplied there.
 * Matrices in the memory of the kernel are multiplied there; either all three are or none.
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
  if (target.columnStride > target.rowStride && !lowerOnly) {
    // (A B)ᵀ = Bᵀ Aᵀ: rows of the target are then written along the memory.
    addProduct(transposed(target), transposed(right), transposed(left), sign)
    return
  }
  if (target.kernel) {
    target.kernel.addProduct(target, left, right, sign, lowerOnly)
    return
  }
  scratch ??= blockKernel()?.panels ?? createPlainPanels()
  const { rows, columns } = target
  const lines = transposed(right)
  for (let k = 0; k < left.columns; k += DEPTH) {
    const depth = Math.min(DEPTH, left.columns - k)
    for (let j = 0; j < columns; j += COLUMNS) {
      const width = Math.min(COLUMNS, columns - j)
      packRows(lines, j, k, width, depth, scratch.right)
      for (let i = lowerOnly ? j : 0; i < rows; i += ROWS) {
        const height = Math.min(ROWS, rows - i)
        const shift = lowerOnly ? i - j : width
        packRows(left, i, k, height, depth, scratch.left)
        scratch.multiply(height, width, depth, shift)
        addBlock(target, i, j, height, width, shift, sign, scratch.product)
      }
    }
  }
}

/**
 * Adds the product to the part of the target that begins at (row, column), as far as column ≤
 * shift + row within it.
 */
function addBlock(
  { data, offset, rowStride, columnStride }: MatrixView,
  row: number,
  column: number,
  height: number,
  width: number,
  shift: number,
  sign: 1 | -1,
  product: Float64Array,
): void {
  for (let i = 0; i < height; i++) {
    const begin = i * COLUMNS
    const end = begin + Math.min(width, shift + i + 1)
    let at = offset + (row + i) * rowStride + column * columnStride
    for (let from = begin; from < end; from++) {
      data[at] += sign * product[from]
      at += columnStride
    }
  }
}
