import type { Rng } from '../../src/optimizers/random.js'
import { type RowMatrix, rowMatrixFrom, rowOf } from '../../src/optimizers/row-matrix.js'

/** (rows × domains) mixtures, uniform on the simplex: exponentials divided by their sum. */
export function randomMixtures(rows: number, domains: number, rng: Rng): RowMatrix {
  return rowMatrixFrom(
    Array.from({ length: rows }, () => {
      const draws = Array.from({ length: domains }, () => -Math.log(rng.uniformOpen()))
      const sum = draws.reduce((total, draw) => total + draw, 0)
      return draws.map((draw) => draw / sum)
    }),
  )
}

/** A function of each row. */
export function valuesOf(points: RowMatrix, of: (row: Float64Array) => number): Float64Array {
  return Float64Array.from({ length: points.rows }, (_, i) => of(rowOf(points, i)))
}
