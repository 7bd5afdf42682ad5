import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'

/**
 * Parameters of gradient-boosted regression trees with squared loss. The defaults are those RegMix uses
 * (Liu et al. 2024, arXiv 2407.01492): LightGBM's own, with 1000 trees and a learning rate of 0.01.
 */
export const TreeParamsSchema = Type.Object(
  {
    trees: Type.Integer({
      minimum: 1,
      maximum: 20_000,
      default: 1000,
      description: 'Most trees to grow. Growth ends earlier when no split improves the fit.',
    }),
    learningRate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.01,
      description: 'Factor on every leaf value.',
    }),
    maxLeaves: Type.Integer({
      minimum: 2,
      maximum: 4096,
      default: 31,
      description: 'Most leaves a tree may have.',
    }),
    maxDepth: Type.Union([Type.Integer({ minimum: 1, maximum: 64 }), Type.Null()], {
      default: null,
      description: 'Most splits between the root and a leaf; null sets no limit.',
    }),
    minRunsInLeaf: Type.Integer({
      minimum: 1,
      default: 20,
      description:
        'Fewest runs in a leaf. With fewer than twice as many runs the model is constant.',
    }),
    l1: Type.Number({
      minimum: 0,
      default: 0,
      description:
        'L1 penalty on leaf values: a threshold on a leaf’s summed residuals, so it is in the unit of the metric.',
    }),
    l2: Type.Number({
      minimum: 0,
      default: 0,
      description:
        'L2 penalty on leaf values, in runs: it is added to the number of runs in a leaf.',
    }),
    minGain: Type.Number({
      minimum: 0,
      default: 0,
      description:
        'A split must reduce the squared error (both penalties counted) by more than this.',
    }),
    splitter: Type.Union([Type.Literal('exact'), Type.Literal('histogram')], {
      default: 'histogram',
      description:
        'How the best split of a leaf is searched: `exact` tries every threshold; `histogram` groups a domain’s ' +
        'weights in at most `maxBins` bins first. Both give the same trees while no domain has more distinct weights.',
    }),
    maxBins: Type.Integer({
      minimum: 2,
      maximum: 65_535,
      default: 255,
      description: 'Most bins a domain’s weights are grouped in (`histogram` only).',
    }),
  },
  { additionalProperties: false },
)
export type TreeParams = Static<typeof TreeParamsSchema>

export const TREE_DEFAULTS: TreeParams = Value.Create(TreeParamsSchema)
