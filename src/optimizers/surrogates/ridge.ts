import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { ReplicatesSchema } from './bootstrap.js'
import { type Intervals, linearFrom } from './linear-fit.js'
import { restoreLinear } from './linear-model.js'
import { principalAxes } from './principal-axes.js'
import { mean } from './statistics.js'
import type { Observations, Surrogate } from './types.js'

export const RidgeParamsSchema = Type.Object(
  {
    penalty: Type.Number({
      minimum: 0,
      default: 1,
      description:
        'Penalty on the sum of squared coefficients; weights and values are centred, not standardised.',
    }),
    replicates: ReplicatesSchema,
  },
  { additionalProperties: false },
)
export type RidgeParams = Static<typeof RidgeParamsSchema>

/**
 * Ridge regression on the raw weights: minimises Σ (y − a − b·w)² + λ ‖b‖² (Hoerl and Kennard
 * 1970).
 */
export const ridge: Surrogate<RidgeParams> = {
  name: 'ridge',
  title: 'Ridge regression',
  rows: 'raw',
  defaults: Value.Create(RidgeParamsSchema),
  // The penalty makes the solution unique whatever the number of runs; one mixture shows no slope.
  minimumRuns: () => 2,
  fit: (observations, params) => shrink(observations, params),
  fitWithIntervals: (observations, params, rng, outOfFoldResiduals) =>
    shrink(observations, params, { replicates: params.replicates, rng, outOfFoldResiduals }),
  restore: restoreLinear,
}

/**
 * In principal coordinates (`ml-matrix`'s singular value decomposition) the problem falls apart
 * into one equation a direction: γ_k = (u_k·y) / (1 + λ / s_k²).
 */
function shrink(observations: Observations, { penalty }: RidgeParams, intervals?: Intervals) {
  const { raw, values } = observations
  const axes = principalAxes(raw)
  const centre = mean(values)
  const onScores = new Float64Array(axes.singular.length)
  let parameters = 1
  axes.singular.forEach((singular, k) => {
    const shrinkage = 1 / (1 + penalty / singular ** 2)
    parameters += shrinkage
    for (let i = 0; i < values.length; i++) {
      onScores[k] += shrinkage * axes.scores.get(i, k) * (values[i] - centre)
    }
  })
  const solution = { surrogate: 'ridge' as const, penalty, onScores, parameters }
  return linearFrom(solution, observations, axes, intervals)
}
