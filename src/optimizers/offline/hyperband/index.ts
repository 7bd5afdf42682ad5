import { Type } from 'typebox'
import type { Optimizer } from '../../types.js'
import { recommendBestRun } from '../recommend-best-run.js'
import { type SurrogateParams, surrogateParamsProperties } from '../surrogate-params.js'
import { pickBestOfHighestRung } from './pick.js'
import { randomMixtures, suggestInBrackets } from './suggest.js'

/** Parameters of all methods that work in brackets. */
export const bracketParamsProperties = {
  eta: Type.Number({
    minimum: 2,
    maximum: 10,
    default: 3,
    description:
      'η: of the mixtures measured at a fidelity, the best 1/η go on to the next. Paper 3 or 4.',
  }),
  ...surrogateParamsProperties,
}

export interface BracketParams extends SurrogateParams {
  eta: number
}

export const HyperbandParamsSchema = Type.Object(bracketParamsProperties, {
  additionalProperties: false,
})

/**
 * Hyperband (Li et al. 2018, JMLR 18(185)) over fidelities, asynchronous (as ASHA, Li et al. 2020).
 *
 * - The resource is the fidelity: proxies of different sizes and token budgets, ordered by `order`. Budgets are therefore given, not
 *   geometric: η sets how many mixtures go on, not how much dearer the next runs are. A run is never resumed: a larger proxy is
 *   another model, trained anew.
 * - The paper waits until all runs of a rung have ended. Here a mixture is promoted as soon as it is among the best ⌊n/η⌋ of the n
 *   that have ended at its rung in its bracket, so no machine waits for the slowest one, and the state needs no memory: it is
 *   rebuilt from the runs at every call. Some mixtures go on that would not have gone on had all others been waited for. Where all
 *   runs that are out do end before more are asked for, the numbers of runs are the paper's.
 * - With one fidelity there is one bracket with one rung, which is random search.
 */
export const hyperband: Optimizer<BracketParams> = {
  name: 'hyperband',
  title: 'Hyperband (asynchronous)',
  summary:
    'Tries many random mixtures at cheap fidelities and takes the best ones on to dearer ones, in brackets that start ever closer to the target.',
  citation: {
    authors: 'Li et al.',
    title: 'Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization',
    year: 2018,
    url: 'https://arxiv.org/abs/1603.06560',
  },
  capabilities: { fidelities: true, pending: true, multiObjective: true, adaptive: true },
  paramsSchema: HyperbandParamsSchema,
  surrogates: ['gradient-boosted-trees', 'log-linear', 'ridge', 'least-squares'],
  needsRuns: false,
  validate: () => [],
  suggest: (input) => suggestInBrackets(input, randomMixtures),
  pick: pickBestOfHighestRung,
  recommend: (input) => recommendBestRun(hyperband, input),
}
