import { type MatrixView, partOf } from './matrix-view.js'

/**
 * Rows up to which a triangle is worked on entry by entry; larger ones are split. Of 8 to 32, 8 and
 * 12 were the fastest from 100 to 1,000 rows, by some per cent.
 */
export const LEAF = 12

/** The blocks of a lower triangle [A₁₁ ·; A₂₁ A₂₂]. */
export interface TriangleSplit {
  /** A₁₁, lower triangular. */
  readonly first: MatrixView
  /** A₂₁, full. */
  readonly corner: MatrixView
  /** A₂₂, lower triangular. */
  readonly second: MatrixView
}

/** Splits a lower triangle of more than `LEAF` rows near its middle, at a multiple of the leaf. */
export function splitTriangle(triangle: MatrixView): TriangleSplit {
  const half = Math.ceil(triangle.rows / (2 * LEAF)) * LEAF
  const rest = triangle.rows - half
  return {
    first: partOf(triangle, 0, 0, half, half),
    corner: partOf(triangle, half, 0, rest, half),
    second: partOf(triangle, half, half, rest, rest),
  }
}

/** The rows of a matrix that meet A₁₁ and those that meet A₂₂. */
export function splitRows(matrix: MatrixView, { first, second }: TriangleSplit): MatrixView[] {
  return [
    partOf(matrix, 0, 0, first.rows, matrix.columns),
    partOf(matrix, first.rows, 0, second.rows, matrix.columns),
  ]
}
