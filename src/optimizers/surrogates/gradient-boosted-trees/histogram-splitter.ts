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

/** Gradient sum and number of rows of every bin in one leaf. */
interface Histogram {
  readonly sums: Float64Array
  readonly sizes: Int32Array
}

/**
 * Search over bins. Only the smaller part of a split is counted; the larger one is the parent's
 * histogram less it, which is exact because gradients are multiples of one quantum (boosting.ts).
 */
export function createHistogramSplitter(binned: BinnedRows, params: TreeParams): Splitter {
  const { rows, columns, offsets } = binned
  const { minRunsInLeaf, l1 } = params
  const limit = leafLimit(rows, params)
  const leaves = createLeaves(rows, limit)
  const cells = globalBins(binned)
  const inverse = inverseSizes(rows, params.l2)
  const goesLeft = new Uint8Array(rows)
  const scratch = new Int32Array(rows)
  const histograms = new Array<Histogram | undefined>(limit)
  const free: Histogram[] = []
  // A name of its own: where a test runner rewrites imports, reading one in a loop costs more than the arithmetic.
  const square = shrunkSquare
  let gradients: Float64Array = new Float64Array(0)

  function take(): Histogram {
    return (
      free.pop() ?? {
        sums: new Float64Array(offsets[columns]),
        sizes: new Int32Array(offsets[columns]),
      }
    )
  }

  function release(leaf: number): void {
    const histogram = histograms[leaf]
    if (histogram) free.push(histogram)
    histograms[leaf] = undefined
  }

  function count(leaf: number, { sums, sizes }: Histogram): void {
    sums.fill(0)
    sizes.fill(0)
    const end = leaves.begin[leaf] + leaves.size[leaf]
    for (let k = leaves.begin[leaf]; k < end; k++) {
      const row = leaves.rows[k]
      const gradient = gradients[row]
      const last = (row + 1) * columns
      for (let c = row * columns; c < last; c++) {
        const bin = cells[c]
        sums[bin] += gradient
        sizes[bin]++
      }
    }
  }

  function search(leaf: number, { sums, sizes }: Histogram): void {
    const size = leaves.size[leaf]
    const total = leaves.sum[leaf]
    const leafScore = shrunkSquare(total, l1) * inverse[size]
    let best = scoreToBeat(leafScore, params.minGain)
    for (let j = 0; j < columns; j++) {
      const offset = offsets[j]
      const end = offsets[j + 1]
      let leftSize = 0
      let leftSum = 0
      for (let bin = offset; bin < end; bin++) {
        leftSum += sums[bin]
        leftSize += sizes[bin]
        // An empty bin repeats the score of the one before it, so it never becomes the best.
        if (leftSize < minRunsInLeaf) continue
        if (size - leftSize < minRunsInLeaf) break
        const score =
          square(leftSum, l1) * inverse[leftSize] +
          square(total - leftSum, l1) * inverse[size - leftSize]
        if (score > best) {
          best = score
          leaves.gain[leaf] = score - leafScore
          leaves.feature[leaf] = j
          leaves.lastLeft[leaf] = bin - offset
          leaves.leftSize[leaf] = leftSize
          leaves.leftSum[leaf] = leftSum
        }
      }
    }
    if (leaves.gain[leaf] > 0) leaves.firstRight[leaf] = nextFilled(leaf, sizes)
  }

  function nextFilled(leaf: number, sizes: Int32Array): number {
    const offset = offsets[leaves.feature[leaf]]
    let bin = offset + leaves.lastLeft[leaf] + 1
    while (sizes[bin] === 0) bin++
    return bin - offset
  }

  /** Gives both parts their histograms, searches those that can be split and frees the others. */
  function searchParts(leaf: number, right: number): void {
    const whole = histograms[leaf]
    if (!whole) return
    const [smaller, larger] = leaves.size[leaf] < leaves.size[right] ? [leaf, right] : [right, leaf]
    const part = take()
    count(smaller, part)
    subtract(whole, part)
    histograms[smaller] = part
    histograms[larger] = whole
    if (isSplittable(leaves, leaf, params)) search(leaf, histograms[leaf] as Histogram)
    else release(leaf)
    if (isSplittable(leaves, right, params)) search(right, histograms[right] as Histogram)
    else release(right)
  }

  return {
    binned,
    leaves,
    start(newGradients) {
      gradients = newGradients
      for (let leaf = 0; leaf < limit; leaf++) release(leaf)
      startLeaves(leaves, gradients)
      if (!isSplittable(leaves, 0, params)) return
      const root = take()
      histograms[0] = root
      count(0, root)
      search(0, root)
    },
    divide(leaf, right, search) {
      const from = leaves.begin[leaf]
      const size = leaves.size[leaf]
      markLeftRows(leaves, leaf, binned, goesLeft)
      divideLeaf(leaves, leaf, right)
      partition(leaves.rows, from, size, goesLeft, scratch)
      const wanted =
        search && (isSplittable(leaves, leaf, params) || isSplittable(leaves, right, params))
      if (wanted) searchParts(leaf, right)
      else release(leaf)
    },
  }
}

function subtract(whole: Histogram, part: Histogram): void {
  const { sums, sizes } = whole
  const { sums: partSums, sizes: partSizes } = part
  for (let bin = 0; bin < sums.length; bin++) {
    sums[bin] -= partSums[bin]
    sizes[bin] -= partSizes[bin]
  }
}

/** Row-major numbers of the bins over all columns, so that counting one row touches different bins. */
function globalBins({ rows, columns, codes, offsets }: BinnedRows): Int32Array {
  const cells = new Int32Array(rows * columns)
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) cells[i * columns + j] = offsets[j] + codes[j * rows + i]
  }
  return cells
}
