import type { BinnedRows } from './binning.js'
import type { TreeParams } from './parameters.js'

/**
 * The leaves of the tree being grown and the best split found for each. A split keeps its left part in
 * the leaf that is split and puts the right part in a new leaf, so leaves are numbered by creation.
 */
export interface Leaves {
  /** Row ids; leaf k holds those at `begin[k]` to `begin[k] + size[k]` − 1, in the order of the table. */
  readonly rows: Int32Array
  readonly begin: Int32Array
  readonly size: Int32Array
  readonly depth: Int32Array
  /** Sum of the gradients in each leaf. */
  readonly sum: Float64Array
  /** Gain of the best split; 0 where there is none. */
  readonly gain: Float64Array
  readonly feature: Int32Array
  /** Bins (counted in the column) on both sides of the best threshold. */
  readonly lastLeft: Int32Array
  readonly firstRight: Int32Array
  readonly leftSize: Int32Array
  readonly leftSum: Float64Array
}

/** Finds and makes the splits of one tree after another over the same rows. */
export interface Splitter {
  readonly binned: BinnedRows
  readonly leaves: Leaves
  /** Puts all rows in leaf 0 and searches its best split. */
  start(gradients: Float64Array): void
  /** Makes the best split of `leaf`; the right part becomes leaf `right`. Searches the parts' splits if asked. */
  divide(leaf: number, right: number, search: boolean): void
}

/** The most leaves a tree over so many rows can reach. */
export function leafLimit(rows: number, params: TreeParams): number {
  const byDepth = params.maxDepth === null ? Infinity : 2 ** params.maxDepth
  return Math.max(1, Math.min(params.maxLeaves, Math.floor(rows / params.minRunsInLeaf), byDepth))
}

export function createLeaves(rows: number, limit: number): Leaves {
  return {
    rows: new Int32Array(rows),
    begin: new Int32Array(limit),
    size: new Int32Array(limit),
    depth: new Int32Array(limit),
    sum: new Float64Array(limit),
    gain: new Float64Array(limit),
    feature: new Int32Array(limit),
    lastLeft: new Int32Array(limit),
    firstRight: new Int32Array(limit),
    leftSize: new Int32Array(limit),
    leftSum: new Float64Array(limit),
  }
}

/** Resets to one leaf that holds all rows in table order. */
export function startLeaves(leaves: Leaves, gradients: Float64Array): void {
  const { rows } = leaves
  let sum = 0
  for (let i = 0; i < rows.length; i++) {
    rows[i] = i
    sum += gradients[i]
  }
  leaves.begin[0] = 0
  leaves.size[0] = rows.length
  leaves.depth[0] = 0
  leaves.sum[0] = sum
  leaves.gain[0] = 0
}

/** Moves begin, size, depth and sum of a split leaf to its two parts; both start without a split. */
export function divideLeaf(leaves: Leaves, leaf: number, right: number): void {
  const { begin, size, depth, sum, gain, leftSize, leftSum } = leaves
  begin[right] = begin[leaf] + leftSize[leaf]
  size[right] = size[leaf] - leftSize[leaf]
  sum[right] = sum[leaf] - leftSum[leaf]
  size[leaf] = leftSize[leaf]
  sum[leaf] = leftSum[leaf]
  depth[leaf]++
  depth[right] = depth[leaf]
  gain[leaf] = 0
  gain[right] = 0
}

export function isSplittable(leaves: Leaves, leaf: number, params: TreeParams): boolean {
  return (
    leaves.size[leaf] >= 2 * params.minRunsInLeaf &&
    (params.maxDepth === null || leaves.depth[leaf] < params.maxDepth)
  )
}

/** Marks with 1 the rows of `leaf` that its best split sends left, with 0 the others. */
export function markLeftRows(
  leaves: Leaves,
  leaf: number,
  binned: BinnedRows,
  goesLeft: Uint8Array,
): void {
  const { rows } = leaves
  const { codes } = binned
  const column = leaves.feature[leaf] * binned.rows
  const last = leaves.lastLeft[leaf]
  const end = leaves.begin[leaf] + leaves.size[leaf]
  for (let k = leaves.begin[leaf]; k < end; k++) {
    const row = rows[k]
    goesLeft[row] = codes[column + row] <= last ? 1 : 0
  }
}

/** Stable partition of `order[from … from + count)`: marked rows first. Both writes are made, so nothing branches. */
export function partition(
  order: Int32Array,
  from: number,
  count: number,
  goesLeft: Uint8Array,
  scratch: Int32Array,
): void {
  let left = from
  let right = 0
  for (let k = from; k < from + count; k++) {
    const row = order[k]
    const mark = goesLeft[row]
    order[left] = row
    scratch[right] = row
    left += mark
    right += 1 - mark
  }
  for (let k = 0; k < right; k++) order[left + k] = scratch[k]
}

/** T(G)², where T(G) = sign(G) · max(|G| − l1, 0) is the soft threshold. */
export function shrunkSquare(sum: number, l1: number): number {
  const magnitude = Math.abs(sum) - l1
  return magnitude > 0 ? magnitude * magnitude : 0
}

/** 1 / (k + l2) for k = 0 … rows; entry 0 is never read. */
export function inverseSizes(rows: number, l2: number): Float64Array {
  return Float64Array.from({ length: rows + 1 }, (_, k) => 1 / (k + l2))
}

// A gain this small beside the leaf's own score is the rounding of equal residuals, not a gain.
const ROUNDING = 1e-12

/** The score T(G)²/(n + l2) that the parts of a leaf must exceed together. */
export function scoreToBeat(leafScore: number, minGain: number): number {
  return leafScore * (1 + ROUNDING) + minGain
}
