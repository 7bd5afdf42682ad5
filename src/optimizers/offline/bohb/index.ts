import { Type } from 'typebox'
import type { Optimizer } from '../../types.js'
import { type BracketParams, bracketParamsProperties } from '../hyperband/index.js'
import { pickBestOfHighestRung } from '../hyperband/pick.js'
import { suggestInBrackets } from '../hyperband/suggest.js'
import { recommendBestRun } from '../recommend-best-run.js'
import { modelBasedMixtures, type SamplingParams } from './new-mixtures.js'

export const BohbParamsSchema = Type.Object(
  {
    topNPercent: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 100,
      default: 15,
      description: 'How many of the mixtures at a fidelity count as good. Unit: percent.',
    }),
    numSamples: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 64,
      description: 'Samples among which the next mixture is chosen.',
    }),
    randomFraction: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 1 / 3,
      description: 'Probability that a new mixture is random, as in Hyperband.',
    }),
    bandwidthFactor: Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      default: 3,
      description: 'By how much bandwidths are widened for samples.',
    }),
    minBandwidth: Type.Number({
      exclusiveMinimum: 0,
      maximum: 10,
      default: 1e-3,
      description: 'Smallest bandwidth, in units of log-ratios of weights.',
    }),
    ...bracketParamsProperties,
  },
  { additionalProperties: false },
)

export interface BohbParams extends BracketParams, SamplingParams {}

/**
 * BOHB (Falkner, Klein, Hutter 2018, ICML): Hyperband whose new mixtures come from where good mixtures were found. It is asynchronous
 * in the way `hyperband` is. Densities are over isometric log-ratios, in which weights below 0.001 count as 0.001. The paper's are
 * over the unit cube, to which it truncates its samples; log-ratios have no bounds, so here the range of the measured mixtures is
 * their cube (without it, widened kernels in many dimensions draw hardly anything but mixtures of one or two domains).
 */
export const bohb: Optimizer<BohbParams> = {
  name: 'bohb',
  title: 'BOHB (asynchronous)',
  summary:
    'Hyperband that draws most of its new mixtures from where good mixtures were found, by kernel densities.',
  citation: {
    authors: 'Falkner, Klein, Hutter',
    title: 'BOHB: Robust and Efficient Hyperparameter Optimization at Scale',
    year: 2018,
    url: 'https://arxiv.org/abs/1807.01774',
  },
  capabilities: { fidelities: true, pending: true, multiObjective: true, adaptive: true },
  paramsSchema: BohbParamsSchema,
  surrogates: ['gradient-boosted-trees', 'log-linear', 'ridge', 'least-squares'],
  needsRuns: false,
  validate: () => [],
  suggest: (input) => suggestInBrackets(input, modelBasedMixtures(input)),
  pick: pickBestOfHighestRung,
  recommend: (input) => recommendBestRun(bohb, input),
}
