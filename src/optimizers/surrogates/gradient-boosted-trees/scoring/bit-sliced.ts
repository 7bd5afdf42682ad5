import { reserve } from '../../../webassembly.js'
import { type Forest, treeCount } from '../forest.js'
import type { BitSlicedKernel } from './kernel.js'
import type { Scorer } from './scorer.js'

// Sizes the kernel is written for, in points, trees, leaves and bytes (assembly/bit-sliced.ts).
const BLOCK = 128
const TREES_A_PASS = 4
/** The most leaves of a tree the kernel takes. */
export const MOST_LEAVES = 32
const VECTOR = 16
const WORK_BYTES = MOST_LEAVES * VECTOR + TREES_A_PASS * BLOCK

/**
 * The memory of the kernel for one forest: first the tables, which `bytes` holds ready to be copied in, then
 * room for the masks, the kernel's work, one block of points and their sums. Addresses are bytes.
 */
interface Layout {
  readonly bytes: Uint8Array
  readonly trees: number
  readonly columnTable: number
  readonly treeTable: number
  readonly splits: number
  readonly values: number
  readonly work: number
  readonly points: number
  readonly sums: number
  readonly end: number
}

/** Whose tables are in the memory of a kernel now. */
const loaded = new WeakMap<BitSlicedKernel, Layout>()

/**
 * Scores 128 points at a time with the WebAssembly kernel. The memory belongs to the thread: forests take
 * turns in it, and it is as large as the largest of them needs, whatever the number of points.
 * @param forest of at most 32 leaves a tree
 */
export function createBitSlicedScorer(forest: Forest, kernel: BitSlicedKernel): Scorer {
  const layout = layOut(forest)
  return ({ data, rows, columns }) => {
    load(layout, kernel)
    const result = new Float64Array(rows)
    const { buffer } = kernel.memory
    const points = new Float64Array(buffer, layout.points, BLOCK * columns)
    const sums = new Float64Array(buffer, layout.sums, BLOCK)
    const { trees, treeTable, splits, values, work } = layout
    for (let first = 0; first < rows; first += BLOCK) {
      const count = Math.min(BLOCK, rows - first)
      points.set(data.subarray(first * columns, (first + count) * columns))
      sums.fill(forest.base)
      kernel.compare(layout.points, columns, layout.columnTable)
      kernel.accumulate(layout.sums, trees, treeTable, splits, values, work)
      result.set(count < BLOCK ? sums.subarray(0, count) : sums, first)
    }
    return result
  }
}

function load(layout: Layout, kernel: BitSlicedKernel): void {
  if (loaded.get(kernel) === layout) return
  reserve(kernel.memory, layout.end)
  new Uint8Array(kernel.memory.buffer).set(layout.bytes)
  loaded.set(kernel, layout)
}

function layOut(forest: Forest): Layout {
  const trees = Math.ceil(treeCount(forest) / TREES_A_PASS) * TREES_A_PASS
  const thresholds = distinctThresholds(forest)
  const known = thresholds.reduce((sum, column) => sum + column.length, 0)
  const values = 0
  const thresholdsAt = values + trees * MOST_LEAVES * 8
  const columnTable = thresholdsAt + known * 8
  const treeTable = columnTable + forest.columns * 12
  const splits = treeTable + trees * 4
  const tablesEnd = splits + forest.feature.length * 8
  const masks = Math.ceil(tablesEnd / VECTOR) * VECTOR
  const work = masks + (known + forest.columns) * VECTOR
  const points = work + WORK_BYTES
  const sums = points + BLOCK * forest.columns * 8
  const bytes = new Uint8Array(masks)
  writeValues(forest, bytes, values)
  const maskOf = writeColumns(thresholds, bytes, thresholdsAt, columnTable, masks)
  writeSplits(forest, bytes, treeTable, splits, maskOf)
  const end = sums + BLOCK * 8
  return { bytes, trees, columnTable, treeTable, splits, values, work, points, sums, end }
}

/** Per column its thresholds in ascending order, each once. */
function distinctThresholds({ columns, feature, threshold }: Forest): Float64Array[] {
  const found = Array.from({ length: columns }, () => new Set<number>())
  for (let k = 0; k < feature.length; k++) found[feature[k]].add(threshold[k])
  return found.map((column) => Float64Array.from(column).sort())
}

/** 32 values a tree; trees added to fill the last pass stay without a split and with the value 0. */
function writeValues(forest: Forest, bytes: Uint8Array, at: number): void {
  const { starts } = forest
  const table = new Float64Array(bytes.buffer, at)
  for (let t = 0; t < treeCount(forest); t++) {
    table.set(forest.values.subarray(starts[t] + t, starts[t + 1] + t + 1), t * MOST_LEAVES)
  }
}

/** Writes thresholds and column table; returns the address of the mask of each (column, threshold). */
function writeColumns(
  thresholds: Float64Array[],
  bytes: Uint8Array,
  thresholdsAt: number,
  columnTable: number,
  masksAt: number,
): Map<number, number>[] {
  const view = new DataView(bytes.buffer)
  let address = thresholdsAt
  let mask = masksAt
  return thresholds.map((column, j) => {
    view.setUint32(columnTable + j * 12, address, true)
    view.setUint32(columnTable + j * 12 + 4, column.length, true)
    view.setUint32(columnTable + j * 12 + 8, mask, true)
    const maskOf = new Map<number, number>()
    column.forEach((threshold, k) => {
      view.setFloat64(address + k * 8, threshold, true)
      maskOf.set(threshold, mask + k * VECTOR)
    })
    address += column.length * 8
    mask += (column.length + 1) * VECTOR
    return maskOf
  })
}

function writeSplits(
  forest: Forest,
  bytes: Uint8Array,
  treeTable: number,
  splitsAt: number,
  maskOf: Map<number, number>[],
): void {
  const { starts, feature, threshold, leaf } = forest
  const view = new DataView(bytes.buffer)
  for (let t = 0; t < treeCount(forest); t++) {
    view.setUint32(treeTable + t * 4, starts[t + 1] - starts[t], true)
  }
  for (let k = 0; k < feature.length; k++) {
    view.setUint32(splitsAt + k * 8, maskOf[feature[k]].get(threshold[k]) as number, true)
    view.setUint32(splitsAt + k * 8 + 4, leaf[k] * VECTOR, true)
  }
}
