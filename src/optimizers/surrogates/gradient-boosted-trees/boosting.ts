import type { RowMatrix } from '../../row-matrix.js'
import { mean } from '../statistics.js'
import { binRows, midpoint } from './binning.js'
import { createExactSplitter } from './exact-splitter.js'
import { createForestBuilder, type Forest, type ForestBuilder } from './forest.js'
import { createHistogramSplitter } from './histogram-splitter.js'
import { leafLimit, type Splitter } from './leaves.js'
import type { TreeParams } from './parameters.js'

/** Called with the trees grown so far, of all targets; `done` never falls and ends at `total`. */
export type TreeProgress = (done: number, total: number) => void

const TREES_BETWEEN_REPORTS = 50

/**
 * Gradient boosting with squared loss and leaf-wise (best-first) trees, as RegMix uses it:
 * F₀ = mean(y); each tree takes, among all leaves, the split with the largest
 * T(G_L)²/(n_L + l2) + T(G_R)²/(n_R + l2) − T(G)²/(n + l2), where G sums the gradients F − y and T is
 * the soft threshold by l1; a leaf's value is −T(G)/(n + l2). Ties go to the older leaf, then to the
 * first column, then to the smaller threshold. Growth ends early when the root has no split left.
 * @param features (n × m), finite, as they were measured (rows need not sum to 1)
 * @param target n finite values
 * @throws RangeError when lengths disagree or a number is not finite
 */
export function fitForest(
  features: RowMatrix,
  target: Float64Array,
  params: TreeParams,
  onProgress?: TreeProgress,
): Forest {
  return fitForests(features, [target], params, onProgress)[0]
}

/** The same for several targets over the same rows, which are sorted and binned once. */
export function fitForests(
  features: RowMatrix,
  targets: readonly Float64Array[],
  params: TreeParams,
  onProgress?: TreeProgress,
): Forest[] {
  for (const target of targets) assertTarget(target, features.rows)
  const exact = params.splitter === 'exact'
  const binned = binRows(features, exact ? Infinity : params.maxBins)
  const splitter = exact
    ? createExactSplitter(binned, params)
    : createHistogramSplitter(binned, params)
  const total = targets.length * params.trees
  return targets.map((target, index) =>
    boost(splitter, target, params, (trees) => onProgress?.(index * params.trees + trees, total)),
  )
}

function assertTarget(target: Float64Array, rows: number): void {
  if (rows === 0) throw new RangeError('trees need at least one row')
  if (target.length !== rows) {
    throw new RangeError(`${target.length} targets for ${rows} rows`)
  }
  if (!target.every(Number.isFinite)) throw new RangeError('a target is not finite')
}

function boost(
  splitter: Splitter,
  target: Float64Array,
  params: TreeParams,
  report: (trees: number) => void,
): Forest {
  const base = mean(target)
  const builder = createForestBuilder(splitter.binned.columns, base)
  const predictions = new Float64Array(target.length).fill(base)
  const gradients = new Float64Array(target.length)
  const rounder = gradientRounder(target, base)
  for (let tree = 0; tree < params.trees && rounder > 0; tree++) {
    for (let i = 0; i < target.length; i++) {
      gradients[i] = predictions[i] - target[i] + rounder - rounder
    }
    const leaves = growTree(splitter, gradients, params, builder)
    if (leaves === 1) break
    addLeafValues(splitter, leaves, params, builder, predictions)
    builder.endTree()
    if ((tree + 1) % TREES_BETWEEN_REPORTS === 0 && tree + 1 < params.trees) report(tree + 1)
  }
  report(params.trees)
  return builder.finish()
}

/**
 * Adding and subtracting this number rounds a gradient to a multiple of a quantum so coarse that all
 * sums of gradients are exact: then a gain depends on the rows of a part alone, not on the order of
 * summation, and the exact and the histogram search agree to the last bit. The quantum suffices for all
 * trees, as boosting never raises the sum of squares: any |ΣG| ≤ n · rms(y − F₀) ≤ 2⁵⁰ quanta.
 * 0 for a constant target.
 */
function gradientRounder(target: Float64Array, base: number): number {
  let squares = 0
  for (const value of target) squares += (value - base) ** 2
  const bound = Math.sqrt(target.length * squares)
  if (bound === 0) return 0
  return 1.5 * 2 ** (Math.ceil(Math.log2(bound)) + 2)
}

function growTree(
  splitter: Splitter,
  gradients: Float64Array,
  params: TreeParams,
  builder: ForestBuilder,
): number {
  const { leaves, binned } = splitter
  const limit = leafLimit(binned.rows, params)
  splitter.start(gradients)
  let count = 1
  while (count < limit) {
    const leaf = bestLeaf(leaves.gain, count)
    if (leaf < 0) break
    const feature = leaves.feature[leaf]
    const first = binned.offsets[feature]
    const below = binned.upper[first + leaves.lastLeft[leaf]]
    const above = binned.lower[first + leaves.firstRight[leaf]]
    builder.addSplit(feature, midpoint(below, above), leaf)
    splitter.divide(leaf, count, count + 1 < limit)
    count++
  }
  return count
}

function bestLeaf(gain: Float64Array, count: number): number {
  let best = -1
  let bestGain = 0
  for (let leaf = 0; leaf < count; leaf++) {
    if (gain[leaf] > bestGain) {
      best = leaf
      bestGain = gain[leaf]
    }
  }
  return best
}

function addLeafValues(
  { leaves }: Splitter,
  count: number,
  { learningRate, l1, l2 }: TreeParams,
  builder: ForestBuilder,
  predictions: Float64Array,
): void {
  for (let leaf = 0; leaf < count; leaf++) {
    const sum = leaves.sum[leaf]
    const shrunk = Math.sign(sum) * Math.max(Math.abs(sum) - l1, 0)
    const value = (-learningRate * shrunk) / (leaves.size[leaf] + l2)
    builder.addValue(value)
    const end = leaves.begin[leaf] + leaves.size[leaf]
    for (let k = leaves.begin[leaf]; k < end; k++) predictions[leaves.rows[k]] += value
  }
}
