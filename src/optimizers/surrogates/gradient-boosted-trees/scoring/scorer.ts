import type { RowMatrix } from '../../../row-matrix.js'
import { type Forest, mostLeaves, treeCount } from '../forest.js'
import { createBitSlicedScorer, MOST_LEAVES } from './bit-sliced.js'
import { bitSlicedKernel } from './kernel.js'
import { createTraversalScorer } from './traversal.js'

/**
 * Predictions of one forest at the points (n × m), n values. Every scorer adds the leaf values in the order
 * of the trees, in doubles, so all of them give the same bits. A NaN goes left at every split.
 */
export type Scorer = (points: RowMatrix) => Float64Array

// Below this, laying out a forest for the kernel costs more than it saves.
const FEW_POINTS = 32

/**
 * The fastest scorer the forest and the runtime allow; what it needs is prepared at first use.
 * It throws RangeError for points of another width.
 */
export function createScorer(forest: Forest): Scorer {
  const walk = createTraversalScorer(forest)
  let fast: Scorer | undefined
  return (points) => {
    if (points.columns !== forest.columns) {
      throw new RangeError(`points have ${points.columns} columns, expected ${forest.columns}`)
    }
    if (points.rows < FEW_POINTS) return walk(points)
    fast ??= fastestScorer(forest, walk)
    return fast(points)
  }
}

function fastestScorer(forest: Forest, walk: Scorer): Scorer {
  if (treeCount(forest) === 0 || mostLeaves(forest) > MOST_LEAVES) return walk
  const kernel = bitSlicedKernel()
  return kernel ? createBitSlicedScorer(forest, kernel) : walk
}
