import type { Forest } from '../forest.js'
import { type Children, linkChildren } from './children.js'
import type { Scorer } from './scorer.js'

// So many points pass one tree after another, so that both the tree and the points stay in the nearest cache.
const BLOCK = 64

/** Walks every tree from its root: any number of leaves, nothing to prepare but the links. */
export function createTraversalScorer(forest: Forest): Scorer {
  let children: Children | undefined
  return ({ data, rows, columns }) => {
    children ??= linkChildren(forest)
    const { left, right, roots } = children
    const { feature, threshold, values } = forest
    const sums = new Float64Array(rows).fill(forest.base)
    for (let first = 0; first < rows; first += BLOCK) {
      const end = Math.min(rows, first + BLOCK)
      for (let t = 0; t < roots.length; t++) {
        for (let i = first; i < end; i++) {
          const row = i * columns
          let node = roots[t]
          while (node >= 0) {
            node = data[row + feature[node]] > threshold[node] ? right[node] : left[node]
          }
          sums[i] += values[~node]
        }
      }
    }
    return sums
  }
}
