import type { BinnedRows } from './binning.js'
import {
  createLeaves,
  divideLeaf,
  inverseSizes,
  isSplittable,
  leafLimit,
  markLeftRows,
  partition,
  type Splitter,
  scoreToBeat,
  shrunkSquare,
  startLeaves,
} from './leaves.js'
import type { TreeParams } from './parameters.js'

/**
 * Exact search: each leaf keeps its rows sorted by every column, so a search reads them once a column
 * and a split is one stable partition a column.
 * @param binned rows whose bins hold one distinct value each
 */
export function createExactSplitter(binned: BinnedRows, params: TreeParams): Splitter {
  const { rows, columns, codes } = binned
  const { minRunsInLeaf, l1 } = params
  const leaves = createLeaves(rows, leafLimit(rows, params))
  const sorted = sortColumns(binned)
  const orders = new Int32Array(sorted.length)
  const inverse = inverseSizes(rows, params.l2)
  const goesLeft = new Uint8Array(rows)
  const scratch = new Int32Array(rows)
  // A name of its own: where a test runner rewrites imports, reading one in a loop costs more than the arithmetic.
  const square = shrunkSquare
  let gradients: Float64Array = new Float64Array(0)

  function search(leaf: number): void {
    const size = leaves.size[leaf]
    const total = leaves.sum[leaf]
    const leafScore = shrunkSquare(total, l1) * inverse[size]
    let best = scoreToBeat(leafScore, params.minGain)
    for (let j = 0; j < columns; j++) {
      const column = j * rows
      const first = column + leaves.begin[leaf]
      let code = codes[column + orders[first]]
      let leftSum = 0
      for (let k = 0; k < size; k++) {
        const row = orders[first + k]
        const next = codes[column + row]
        if (next !== code) {
          if (k >= minRunsInLeaf) {
            if (size - k < minRunsInLeaf) break
            const score =
              square(leftSum, l1) * inverse[k] + square(total - leftSum, l1) * inverse[size - k]
            if (score > best) {
              best = score
              leaves.gain[leaf] = score - leafScore
              leaves.feature[leaf] = j
              leaves.lastLeft[leaf] = code
              leaves.firstRight[leaf] = next
              leaves.leftSize[leaf] = k
              leaves.leftSum[leaf] = leftSum
            }
          }
          code = next
        }
        leftSum += gradients[row]
      }
    }
  }

  return {
    binned,
    leaves,
    start(newGradients) {
      gradients = newGradients
      startLeaves(leaves, gradients)
      orders.set(sorted)
      if (isSplittable(leaves, 0, params)) search(0)
    },
    divide(leaf, right, searchParts) {
      const from = leaves.begin[leaf]
      const count = leaves.size[leaf]
      markLeftRows(leaves, leaf, binned, goesLeft)
      divideLeaf(leaves, leaf, right)
      partition(leaves.rows, from, count, goesLeft, scratch)
      const searchLeft = searchParts && isSplittable(leaves, leaf, params)
      const searchRight = searchParts && isSplittable(leaves, right, params)
      if (!searchLeft && !searchRight) return
      for (let j = 0; j < columns; j++) partition(orders, j * rows + from, count, goesLeft, scratch)
      if (searchLeft) search(leaf)
      if (searchRight) search(right)
    },
  }
}

/** Row ids sorted by each column (entries j · rows …), equal values in table order: a counting sort of the codes. */
function sortColumns({ rows, columns, codes, offsets }: BinnedRows): Int32Array {
  const sorted = new Int32Array(rows * columns)
  for (let j = 0; j < columns; j++) {
    const next = new Int32Array(offsets[j + 1] - offsets[j] + 1)
    for (let i = 0; i < rows; i++) next[codes[j * rows + i] + 1]++
    for (let b = 1; b < next.length; b++) next[b] += next[b - 1]
    for (let i = 0; i < rows; i++) sorted[j * rows + next[codes[j * rows + i]]++] = i
  }
  return sorted
}
