import { type Forest, treeCount } from '../forest.js'

/** The splits of a forest as linked nodes: a child ≥ 0 is a split, a child < 0 is leaf value ~child. */
export interface Children {
  readonly left: Int32Array
  readonly right: Int32Array
  /** Per tree: its root, in the same notation. */
  readonly roots: Int32Array
}

export function linkChildren(forest: Forest): Children {
  const { starts, leaf } = forest
  const left = new Int32Array(leaf.length)
  const right = new Int32Array(leaf.length)
  const roots = new Int32Array(treeCount(forest))
  for (let t = 0; t < roots.length; t++) {
    const values = starts[t] + t
    roots[t] = starts[t] < starts[t + 1] ? starts[t] : ~values
    // For every leaf so far: the split it hangs on, and whether to its left; a later split takes its place.
    const parents: [Int32Array, number][] = [[roots, t]]
    for (let k = starts[t]; k < starts[t + 1]; k++) {
      const created = k - starts[t] + 1
      const [side, parent] = parents[leaf[k]]
      side[parent] = k
      left[k] = ~(values + leaf[k])
      right[k] = ~(values + created)
      parents[leaf[k]] = [left, k]
      parents[created] = [right, k]
    }
  }
  return { left, right, roots }
}
