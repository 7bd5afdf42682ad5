import { Matrix, SVD } from 'ml-matrix'
import type { RowMatrix } from '../row-matrix.js'

/** Singular values below this share of the largest are rounding, not data. */
const RANK_TOLERANCE = 1e-10

/**
 * Rows in the orthonormal coordinates of their own spread: x − centre = score · diag(singular) ·
 * axesᵀ.
 */
export interface PrincipalAxes {
  /** m column means. */
  readonly centre: Float64Array
  /** k singular values of the centred rows, descending, all above the rank tolerance. */
  readonly singular: Float64Array
  /** (m × k), orthonormal columns. */
  readonly axes: Matrix
  /** (n × k), orthonormal columns, each with mean 0. */
  readonly scores: Matrix
}

/**
 * Singular value decomposition of the centred rows.
 *
 * Mixtures sum to ≈ 1, so one direction of the design carries next to nothing, and squaring the
 * design for normal equations would square its condition number (beyond 1e16 once rows are
 * renormalised). In these coordinates the normal equations are the identity, and a direction the
 * data do not have is left out, which is the least-squares solution of smallest norm.
 */
export function principalAxes(points: RowMatrix): PrincipalAxes {
  const centre = columnMeans(points)
  const centred = new Matrix(points.rows, points.columns)
  for (let i = 0; i < points.rows; i++) {
    for (let j = 0; j < points.columns; j++) {
      centred.set(i, j, points.data[i * points.columns + j] - centre[j])
    }
  }
  const svd = new SVD(centred, { autoTranspose: true })
  const kept: number[] = []
  svd.diagonal.forEach((value, k) => {
    if (value > RANK_TOLERANCE * svd.diagonal[0] && value > 1e-14) kept.push(k)
  })
  return {
    centre,
    singular: Float64Array.from(kept, (k) => svd.diagonal[k]),
    axes: svd.rightSingularVectors.subMatrixColumn(kept),
    scores: svd.leftSingularVectors.subMatrixColumn(kept),
  }
}

/** m coefficients on the centred weights, from k coefficients on the scores. */
export function coefficientsFromScores(axes: PrincipalAxes, onScores: ArrayLike<number>) {
  return Float64Array.from({ length: axes.centre.length }, (_, j) => {
    let sum = 0
    for (let k = 0; k < axes.singular.length; k++) {
      sum += (axes.axes.get(j, k) * onScores[k]) / axes.singular[k]
    }
    return sum
  })
}

function columnMeans(points: RowMatrix): Float64Array {
  const means = new Float64Array(points.columns)
  points.data.forEach((value, index) => {
    means[index % points.columns] += value / points.rows
  })
  return means
}
