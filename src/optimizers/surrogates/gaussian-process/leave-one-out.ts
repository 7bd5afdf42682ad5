import {
  choleskyWithJitter,
  inverseFromCholesky,
  solveFactored,
} from '../../linear-algebra/index.js'
import { crossCovariance, noiseOf, residualsOf, unpack } from './covariance.js'
import type { GpObservations } from './observations.js'
import type { GpSpecification } from './specification.js'

/** What each observation would have been predicted to be without it. */
export interface LeaveOneOut {
  readonly means: Float64Array
  /** Of the observation, noise included. */
  readonly deviations: Float64Array
}

/**
 * Predictions of every observation from all others, with the same hyper-parameters, in closed form: μ₋ᵢ = yᵢ − αᵢ/K⁻¹ᵢᵢ and
 * σ²₋ᵢ = 1/K⁻¹ᵢᵢ (Rasmussen and Williams 2006, eq. 5.12).
 */
export function leaveOneOut(
  specification: GpSpecification,
  values: Float64Array,
  observations: GpObservations,
): LeaveOneOut {
  const state = unpack(specification, values)
  const n = observations.points.rows
  const matrix = crossCovariance(specification, state, observations, observations)
  for (let i = 0; i < n; i++) matrix[i * n + i] += noiseOf(state, observations, i)
  const { factor } = choleskyWithJitter(matrix, n)
  const alpha = residualsOf(state, observations)
  solveFactored(factor, alpha)
  const inverse = inverseFromCholesky(factor, new Float64Array(n * n))
  const precision = (i: number) => inverse[i * n + i]
  return {
    means: observations.values.map((value, i) => value - alpha[i] / precision(i)),
    deviations: observations.values.map((_, i) => 1 / Math.sqrt(precision(i))),
  }
}
