import { Matrix } from 'ml-matrix'
import { MultivariateLinearRegression } from 'ml-regression'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { ReplicatesSchema } from './bootstrap.js'
import { type Intervals, linearFrom } from './linear-fit.js'
import { restoreLinear } from './linear-model.js'
import { type PrincipalAxes, principalAxes } from './principal-axes.js'
import type { Observations, Surrogate } from './types.js'

export const LeastSquaresParamsSchema = Type.Object(
  { replicates: ReplicatesSchema },
  { additionalProperties: false },
)
export type LeastSquaresParams = Static<typeof LeastSquaresParamsSchema>

/** Ordinary least squares with an intercept on the raw weights (RegMix's linear regression). */
export const leastSquares: Surrogate<LeastSquaresParams> = {
  name: 'least-squares',
  title: 'Least squares',
  rows: 'raw',
  defaults: Value.Create(LeastSquaresParamsSchema),
  minimumRuns: (domains) => domains + 1,
  fit: (observations) => regress(observations),
  fitWithIntervals: (observations, params, rng, outOfFoldResiduals) =>
    regress(observations, { replicates: params.replicates, rng, outOfFoldResiduals }),
  restore: restoreLinear,
}

/**
 * The regression is made on the principal coordinates of the weights, where `ml-regression`'s
 * normal equations lose nothing, and carried back: the fitted values are those of the regression on
 * the weights themselves.
 */
function regress(observations: Observations, intervals?: Intervals) {
  const axes = principalAxes(observations.raw)
  const solution = {
    surrogate: 'least-squares' as const,
    penalty: 0,
    onScores: coefficientsOnScores(axes, observations.values),
    parameters: axes.singular.length + 1,
  }
  return linearFrom(solution, observations, axes, intervals)
}

function coefficientsOnScores(axes: PrincipalAxes, values: Float64Array): number[] {
  // All mixtures equal: nothing but the mean can be learned.
  if (axes.singular.length === 0) return []
  const regression = new MultivariateLinearRegression(axes.scores, Matrix.columnVector(values), {
    statistics: false,
  })
  return regression.weights.slice(0, axes.singular.length).map(([weight]) => weight)
}
