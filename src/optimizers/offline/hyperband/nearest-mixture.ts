import { SAME_MIXTURE } from '../../mixture/index.js'
import { type RowMatrix, rowOf } from '../../row-matrix.js'

/** Whether their L1 distance counts as none. It stops as soon as they differ: most pairs do so in their first weights. */
export function isSameMixture(p: ArrayLike<number>, q: ArrayLike<number>): boolean {
  let total = 0
  for (let j = 0; j < p.length && total <= SAME_MIXTURE; j++) total += Math.abs(p[j] - q[j])
  return total <= SAME_MIXTURE
}

export interface Nearest {
  row: number
  /** Hellinger distance √(½ Σ(√p − √q)²), in [0, 1]. */
  distance: number
}

/** The row nearest to the mixture in Hellinger distance, the first of equals; undefined where there are no rows. */
export function nearestMixture(rows: RowMatrix, weights: ArrayLike<number>): Nearest | undefined {
  let nearest = -1
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < rows.rows; i++) {
    const row = rowOf(rows, i)
    let total = 0
    for (let j = 0; j < row.length && total < least; j++) {
      total += (Math.sqrt(row[j]) - Math.sqrt(weights[j])) ** 2
    }
    if (total < least) {
      nearest = i
      least = total
    }
  }
  return nearest < 0 ? undefined : { row: nearest, distance: Math.sqrt(least / 2) }
}
