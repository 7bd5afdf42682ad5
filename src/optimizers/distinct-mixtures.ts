import { type RowMatrix, rowOf } from './row-matrix.js'

/**
 * Groups equal rows: replicates of one mixture. Rows count as equal when they agree in every weight to 1e-9.
 * @returns `groupOf[i]`, the number of row i's mixture in order of first appearance, and the number of mixtures
 */
export function groupReplicates(mixtures: RowMatrix): { groupOf: Int32Array; count: number } {
  const groups = new Map<string, number>()
  const groupOf = new Int32Array(mixtures.rows)
  for (let i = 0; i < mixtures.rows; i++) {
    const key = Array.from(rowOf(mixtures, i), (weight) => Math.round(weight * 1e9)).join()
    const group = groups.get(key) ?? groups.size
    groups.set(key, group)
    groupOf[i] = group
  }
  return { groupOf, count: groups.size }
}

/** Distinct mixtures that are advised for a fit of m domains: 3 (m + 1). */
export const advisedMixtures = (domains: number) => 3 * (domains + 1)
