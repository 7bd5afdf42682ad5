import type { RowMatrix } from '../../row-matrix.js'
import { requireVersion } from '../linear-model.js'
import { rootMeanSquare } from '../statistics.js'
import type { Fitted, FittedJson, Surrogate } from '../types.js'
import { fitForest } from './boosting.js'
import { type Forest, type ForestJson, forestFromJson, forestToJson, treeCount } from './forest.js'
import { TREE_DEFAULTS, type TreeParams } from './parameters.js'
import { createScorer } from './scoring/scorer.js'

const NAME = 'gradient-boosted-trees'
const VERSION = 1

/** `details` of a fitted forest. */
export interface TreeDetails extends Record<string, unknown> {
  /** Trees grown; fewer than asked for when no split improved the fit any more. */
  trees: number
  /** Leaves of all trees together. */
  leaves: number
  /** The model is one number for all mixtures: too few runs for `minRunsInLeaf`, or values that do not vary. */
  constant: boolean
  splitter: TreeParams['splitter']
}

/**
 * Gradient-boosted regression trees on the weights as they were given, as RegMix fits them (arXiv 2407.01492).
 * Predictions are constant beyond the sampled weights: trees do not extrapolate. The standard deviation
 * is `residualSd` at every point.
 */
export const gradientBoostedTrees: Surrogate<TreeParams> = {
  name: NAME,
  title: 'Gradient-boosted trees',
  rows: 'raw',
  defaults: TREE_DEFAULTS,
  minimumRuns: (domains) => domains + 1,
  fit(observations, params) {
    const forest = fitForest(observations.raw, observations.values, params)
    const fitted = createScorer(forest)(observations.raw)
    const residuals = observations.values.map((value, i) => value - fitted[i])
    return toFitted(forest, rootMeanSquare(residuals), params.splitter)
  },
  fitWithIntervals(observations, params, _rng, outOfFoldResiduals) {
    const forest = fitForest(observations.raw, observations.values, params)
    return toFitted(forest, rootMeanSquare(outOfFoldResiduals), params.splitter)
  },
  restore: (json) => {
    requireVersion(json, VERSION)
    const { forest, residualSd, splitter } = json as TreesJson
    return toFitted(forestFromJson(forest), residualSd, splitter)
  },
}

function toFitted(forest: Forest, residualSd: number, splitter: TreeParams['splitter']): Fitted {
  const predictMean = createScorer(forest)
  const trees = treeCount(forest)
  const details: TreeDetails = {
    trees,
    leaves: forest.values.length,
    constant: trees === 0,
    splitter,
  }
  return {
    surrogate: NAME,
    rows: 'raw',
    residualSd,
    details,
    predictMean,
    predict: (points: RowMatrix) => ({
      mean: predictMean(points),
      sd: new Float64Array(points.rows).fill(residualSd),
    }),
    toJSON: (): TreesJson => ({
      surrogate: NAME,
      version: VERSION,
      residualSd,
      splitter,
      forest: forestToJson(forest),
    }),
  }
}

interface TreesJson extends FittedJson {
  residualSd: number
  splitter: TreeParams['splitter']
  forest: ForestJson
}
