import type { Optimizer, RecommendInput, RecommendResult } from '../types.js'
import { baselines } from './baselines/index.js'
import type { SurrogateParams } from './surrogate-params.js'

/**
 * The best run, as these methods have no model to look beyond their runs with; with enough runs, the surrogates say what to expect
 * of it.
 * @throws InvalidInputError `too-few-runs` when no run has every metric of the objective
 */
export function recommendBestRun<P extends SurrogateParams>(
  method: Pick<Optimizer<P>, 'name'>,
  input: RecommendInput<P>,
): RecommendResult {
  const { folds, surrogates } = input.params
  const params = {
    folds,
    surrogates,
    baseline: 'best-observed',
    temperature: 1,
    maxEpochs: 1,
  } as const
  const { recommendation, models } = baselines.recommend({ ...input, params })
  return {
    models,
    recommendation: {
      ...recommendation,
      method: method.name,
      params: Object.fromEntries(Object.entries(input.params)),
    },
  }
}
