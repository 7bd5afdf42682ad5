import type { TreeParams } from '../../../../src/optimizers/surrogates/gradient-boosted-trees/parameters.js'

/** A second implementation, written for plainness: every sum is taken anew, and trees are linked objects. */
type Node = { value: number } | { column: number; threshold: number; low: Node; high: Node }
export interface NaiveModel {
  base: number
  trees: Node[]
}
interface Split {
  gain: number
  column: number
  threshold: number
}
interface Leaf {
  rows: number[]
  depth: number
  split: Split | undefined
  place: (node: Node) => void
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)

export function naivePredict({ base, trees }: NaiveModel, x: number[]): number {
  return base + sum(trees.map((tree) => follow(tree, x)))
}

function follow(node: Node, x: number[]): number {
  if ('value' in node) return node.value
  return follow(x[node.column] <= node.threshold ? node.low : node.high, x)
}

export function naiveBoosting(x: number[][], y: number[], params: TreeParams): NaiveModel {
  const model: NaiveModel = { base: sum(y) / y.length, trees: [] }
  const fitted = y.map(() => model.base)
  for (let t = 0; t < params.trees; t++) {
    const tree = growNaively(
      x,
      y.map((value, i) => fitted[i] - value),
      params,
    )
    if ('value' in tree) break
    model.trees.push(tree)
    x.forEach((row, i) => {
      fitted[i] += follow(tree, row)
    })
  }
  return model
}

function growNaively(x: number[][], gradients: number[], params: TreeParams): Node {
  let root: Node = { value: 0 }
  const shrink = (g: number) => Math.sign(g) * Math.max(Math.abs(g) - params.l1, 0)
  const total = (rows: number[]) => sum(rows.map((i) => gradients[i]))
  const score = (rows: number[]) => shrink(total(rows)) ** 2 / (rows.length + params.l2)
  const findSplit = (rows: number[], depth: number): Split | undefined => {
    if (params.maxDepth !== null && depth >= params.maxDepth) return undefined
    let best: Split | undefined
    for (let column = 0; column < x[0].length; column++) {
      const values = [...new Set(rows.map((i) => x[i][column]))].sort((a, b) => a - b)
      for (let k = 1; k < values.length; k++) {
        const threshold = (values[k - 1] + values[k]) / 2
        const low = rows.filter((i) => x[i][column] <= threshold)
        const high = rows.filter((i) => x[i][column] > threshold)
        if (Math.min(low.length, high.length) < params.minRunsInLeaf) continue
        const gain = score(low) + score(high) - score(rows)
        if (gain <= params.minGain + 1e-12 * score(rows)) continue
        // Equal gains differ by rounding here, as sums are taken in different orders.
        if (!best || gain > best.gain * (1 + 1e-10)) best = { gain, column, threshold }
      }
    }
    return best
  }
  const newLeaf = (rows: number[], depth: number, place: (node: Node) => void): Leaf => ({
    rows,
    depth,
    split: findSplit(rows, depth),
    place,
  })
  const leaves = [
    newLeaf([...x.keys()], 0, (node) => {
      root = node
    }),
  ]
  while (leaves.length < params.maxLeaves) {
    const chosen = leaves.reduce<Leaf | undefined>((best, leaf) => {
      if (!leaf.split) return best
      return !best?.split || leaf.split.gain > best.split.gain * (1 + 1e-10) ? leaf : best
    }, undefined)
    if (!chosen?.split) break
    const { column, threshold } = chosen.split
    const node = { column, threshold, low: { value: 0 } as Node, high: { value: 0 } as Node }
    chosen.place(node)
    const part = (keep: (value: number) => boolean) => chosen.rows.filter((i) => keep(x[i][column]))
    const low = newLeaf(
      part((value) => value <= threshold),
      chosen.depth + 1,
      (child) => {
        node.low = child
      },
    )
    const high = newLeaf(
      part((value) => value > threshold),
      chosen.depth + 1,
      (child) => {
        node.high = child
      },
    )
    leaves[leaves.indexOf(chosen)] = low
    leaves.push(high)
  }
  for (const { rows, place } of leaves) {
    place({ value: (-params.learningRate * shrink(total(rows))) / (rows.length + params.l2) })
  }
  return root
}
