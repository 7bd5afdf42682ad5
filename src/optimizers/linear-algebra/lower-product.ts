import { addProduct } from './add-product.js'
import { type MatrixView, viewOf } from './matrix-view.js'
import { LEAF, splitRows, splitTriangle } from './triangle-split.js'
import { type LowerFactor, requireLength } from './triangular.js'

/**
 * L X for a lower triangular L, of any diagonal, and many columns at once: half as many
 * multiplications as with a full matrix.
 * @param right X, row-major (size × columns)
 * @returns row-major (size × columns)
 * @throws RangeError when `right` has another length
 */
export function multiplyLower(
  { data, size, stride }: LowerFactor,
  right: Float64Array,
  columns: number,
): Float64Array {
  requireLength(right, size * columns)
  const product = new Float64Array(size * columns)
  addLower(
    viewOf(product, size, columns),
    viewOf(data, size, size, stride),
    viewOf(right, size, columns),
  )
  return product
}

/** target += L X. */
function addLower(target: MatrixView, triangle: MatrixView, right: MatrixView): void {
  if (triangle.rows <= LEAF) {
    addLeaf(target, triangle, right)
    return
  }
  const split = splitTriangle(triangle)
  const [above, below] = splitRows(right, split)
  const [targetAbove, targetBelow] = splitRows(target, split)
  addLower(targetAbove, split.first, above)
  addProduct(targetBelow, split.corner, above, 1)
  addLower(targetBelow, split.second, below)
}

/** The same one entry at a time; target and X are row-major. */
function addLeaf(target: MatrixView, triangle: MatrixView, right: MatrixView): void {
  const { data, columns } = right
  for (let i = 0; i < triangle.rows; i++) {
    const line = triangle.offset + i * triangle.rowStride
    const begin = target.offset + i * target.rowStride
    const end = begin + columns
    for (let k = 0; k <= i; k++) {
      const share = triangle.data[line + k]
      const apart = right.offset + k * right.rowStride - begin
      for (let at = begin; at < end; at++) target.data[at] += share * data[at + apart]
    }
  }
}
