import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import type { Rng } from '../random.js'
import { type RowMatrix, rowMatrixFrom } from '../row-matrix.js'
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
  // The hot loop runs over plain doubles; a matrix class asks for every entry by a call.
  const scores = rowMatrixFrom(axes.scores.to2DArray(), axes.singular.length)
  const replicates = new Float64Array(count * width)
  let kept = 0
  // A replicate whose weights all but vanish on a direction is not positive definite: draw again,
  // within reason.
  for (let attempt = 0; attempt < 3 * count && kept < count; attempt++) {
    const weights = bootstrapWeights(values.length, rng)
    const solution = solveWeighted(scores, axes.singular, values, weights, penalty)
    if (!solution) continue
    replicates[kept * width] = solution.atCentre
    replicates.set(coefficientsFromScores(axes, solution.onScores), kept * width + 1)
    kept++
  }
  return replicates.slice(0, kept * width)
}

function solveWeighted(
  scores: RowMatrix,
  singular: Float64Array,
  values: Float64Array,
  weights: Float64Array,
  penalty: number,
): { atCentre: number; onScores: Float64Array } | undefined {
  const means = weightedMeans(scores, values, weights)
  const { gram, right } = normalEquations(scores, values, weights, means)
  const k = singular.length
  // β = axes · (γ / singular), and the axes are orthonormal, so λ‖β‖² = Σ (λ / singular²) γ².
  for (let a = 0; a < k; a++) gram[a * k + a] += penalty / singular[a] ** 2
  const cholesky = new CholeskyDecomposition(symmetric(gram, k))
  if (!cholesky.isPositiveDefinite()) return undefined
  const onScores = Float64Array.from(cholesky.solve(Matrix.columnVector(right)).getColumn(0))
  if (!onScores.every(Number.isFinite)) return undefined
  let atCentre = means.value
  for (let a = 0; a < k; a++) atCentre -= onScores[a] * means.scores[a]
  return { atCentre, onScores }
}

function symmetric(lowerTriangle: Float64Array, size: number): Matrix {
  const matrix = Matrix.zeros(size, size)
  for (let a = 0; a < size; a++) {
    for (let b = 0; b <= a; b++) {
      matrix.set(a, b, lowerTriangle[a * size + b])
      matrix.set(b, a, lowerTriangle[a * size + b])
    }
  }
  return matrix
}

interface WeightedMeans {
  readonly value: number
  readonly scores: Float64Array
}

function weightedMeans(
  scores: RowMatrix,
  values: Float64Array,
  weights: Float64Array,
): WeightedMeans {
  const { data, rows, columns } = scores
  const scoreMeans = new Float64Array(columns)
  let value = 0
  for (let i = 0; i < rows; i++) {
    const share = weights[i] / rows
    value += share * values[i]
    for (let a = 0; a < columns; a++) scoreMeans[a] += share * data[i * columns + a]
  }
  return { value, scores: scoreMeans }
}

/**
 * The lower triangle of the weighted Gram matrix (k × k, row-major), and the right-hand side. Rows are taken four at a time, so
 * that the matrix, which outgrows the caches, is read and written a quarter as often.
 */
function normalEquations(
  scores: RowMatrix,
  values: Float64Array,
  weights: Float64Array,
  means: WeightedMeans,
): { gram: Float64Array; right: Float64Array } {
  const k = scores.columns
  const gram = new Float64Array(k * k)
  const right = new Float64Array(k)
  const rows = [0, 1, 2, 3].map(() => new Float64Array(k))
  const [row0, row1, row2, row3] = rows
  for (let i = 0; i < scores.rows; i += 4) {
    rows.forEach((row, r) => {
      // Rows that fill the last four up are 0.
      if (i + r >= scores.rows) row.fill(0)
      else addRow(i + r, row)
    })
    for (let a = 0; a < k; a++) {
      const a0 = row0[a]
      const a1 = row1[a]
      const a2 = row2[a]
      const a3 = row3[a]
      const start = a * k
      for (let b = 0; b <= a; b++) {
        gram[start + b] += a0 * row0[b] + a1 * row1[b] + a2 * row2[b] + a3 * row3[b]
      }
    }
  }
  return { gram, right }

  /** Writes √weight times the centred row i, and adds its part of the right-hand side. */
  function addRow(i: number, row: Float64Array): void {
    const root = Math.sqrt(weights[i])
    const residual = root * (values[i] - means.value)
    for (let a = 0; a < k; a++) {
      row[a] = root * (scores.data[i * k + a] - means.scores[a])
      right[a] += row[a] * residual
    }
  }
}
