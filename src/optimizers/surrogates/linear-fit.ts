import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import type { Rng } from '../random.js'
import { bootstrapWeights } from './bootstrap.js'
import { LinearFitted } from './linear-model.js'
import { coefficientsFromScores, type PrincipalAxes } from './principal-axes.js'
import { mean, residualDeviation, rootMeanSquare } from './statistics.js'
import type { Observations, SurrogateName } from './types.js'

/** What turns a point fit into one with intervals. */
export interface Intervals {
  readonly replicates: number
  readonly rng: Rng
  /** Empty when cross-validation was impossible: then the training residuals stand in. */
  readonly outOfFoldResiduals: Float64Array
}

/** A linear fit solved in principal coordinates. */
export interface ScoreSolution {
  readonly surrogate: SurrogateName
  /** λ ≥ 0 on the sum of squared coefficients of the weights. */
  readonly penalty: number
  /** k coefficients on the scores. */
  readonly onScores: ArrayLike<number>
  /** Free parameters, the intercept among them; a penalty makes them fractional. */
  readonly parameters: number
}

/**
 * Carries a solution back to the weights and gives it its residual deviation and, if asked for,
 * replicates.
 */
export function linearFrom(
  solution: ScoreSolution,
  observations: Observations,
  axes: PrincipalAxes,
  intervals?: Intervals,
): LinearFitted {
  const { raw, values } = observations
  const slopes = coefficientsFromScores(axes, solution.onScores)
  // Scores have mean 0, so the value at the centre is the mean, penalised or not.
  const atCentre = mean(values)
  let intercept = atCentre
  axes.centre.forEach((centre, j) => {
    intercept -= slopes[j] * centre
  })
  const parts = {
    surrogate: solution.surrogate,
    centre: axes.centre,
    coefficients: Float64Array.of(atCentre, ...slopes),
    replicates: intervals
      ? linearReplicates(
          axes,
          values,
          solution.penalty,
          intervals.replicates,
          intervals.rng.fork('bootstrap'),
        )
      : new Float64Array(0),
    details: {
      intercept,
      coefficients: [...slopes],
      rank: axes.singular.length,
      ...(solution.penalty > 0 && {
        penalty: solution.penalty,
        effectiveParameters: solution.parameters,
      }),
    },
  }
  const fitted = new LinearFitted({ ...parts, residualSd: 0 }).predictMean(raw)
  const residualSd = intervals?.outOfFoldResiduals.length
    ? rootMeanSquare(intervals.outOfFoldResiduals)
    : residualDeviation(fitted, values, solution.parameters)
  return new LinearFitted({ ...parts, residualSd })
}

/**
 * Coefficients of bootstrap replicates of a (penalised) linear fit, in the layout of
 * `LinearParts.replicates`. Each replicate solves k × k normal equations in the principal
 * coordinates of all runs, where they are well conditioned, and so needs no factorisation of the
 * design of its own.
 * @param penalty λ ≥ 0 on the sum of squared coefficients of the weights
 */
function linearReplicates(
  axes: PrincipalAxes,
  values: Float64Array,
  penalty: number,
  count: number,
  rng: Rng,
): Float64Array {
  const width = axes.centre.length + 1
  const replicates = new Float64Array(count * width)
  let kept = 0
  // A replicate whose weights all but vanish on a direction is not positive definite: draw again,
  // within reason.
  for (let attempt = 0; attempt < 3 * count && kept < count; attempt++) {
    const weights = bootstrapWeights(values.length, rng)
    const solution = solveWeighted(axes, values, weights, penalty)
    if (!solution) continue
    replicates[kept * width] = solution.atCentre
    replicates.set(coefficientsFromScores(axes, solution.onScores), kept * width + 1)
    kept++
  }
  return replicates.slice(0, kept * width)
}

function solveWeighted(
  axes: PrincipalAxes,
  values: Float64Array,
  weights: Float64Array,
  penalty: number,
): { atCentre: number; onScores: number[] } | undefined {
  const means = weightedMeans(axes, values, weights)
  const { gram, right } = normalEquations(axes, values, weights, means)
  for (let a = 0; a < axes.singular.length; a++) {
    // β = axes · (γ / singular), and the axes are orthonormal, so λ‖β‖² = Σ (λ / singular²) γ².
    gram.set(a, a, gram.get(a, a) + penalty / axes.singular[a] ** 2)
  }
  const cholesky = new CholeskyDecomposition(gram)
  if (!cholesky.isPositiveDefinite()) return undefined
  const onScores = cholesky.solve(right).getColumn(0)
  if (!onScores.every(Number.isFinite)) return undefined
  let atCentre = means.value
  for (let a = 0; a < onScores.length; a++) atCentre -= onScores[a] * means.scores[a]
  return { atCentre, onScores }
}

interface WeightedMeans {
  readonly value: number
  readonly scores: Float64Array
}

function weightedMeans(
  { scores, singular }: PrincipalAxes,
  values: Float64Array,
  weights: Float64Array,
): WeightedMeans {
  const n = values.length
  const scoreMeans = new Float64Array(singular.length)
  let value = 0
  for (let i = 0; i < n; i++) {
    value += (weights[i] / n) * values[i]
    for (let a = 0; a < singular.length; a++) scoreMeans[a] += (weights[i] / n) * scores.get(i, a)
  }
  return { value, scores: scoreMeans }
}

function normalEquations(
  { scores, singular }: PrincipalAxes,
  values: Float64Array,
  weights: Float64Array,
  means: WeightedMeans,
): { gram: Matrix; right: Matrix } {
  const k = singular.length
  const gram = Matrix.zeros(k, k)
  const right = Matrix.zeros(k, 1)
  const row = new Float64Array(k)
  for (let i = 0; i < values.length; i++) {
    for (let a = 0; a < k; a++) row[a] = scores.get(i, a) - means.scores[a]
    for (let a = 0; a < k; a++) {
      const weighted = weights[i] * row[a]
      right.set(a, 0, right.get(a, 0) + weighted * (values[i] - means.value))
      for (let b = 0; b <= a; b++) gram.set(a, b, gram.get(a, b) + weighted * row[b])
    }
  }
  for (let a = 0; a < k; a++) for (let b = 0; b < a; b++) gram.set(b, a, gram.get(a, b))
  return { gram, right }
}
