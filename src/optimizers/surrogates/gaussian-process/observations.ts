import { type RowMatrix, rowOf, selectRows } from '../../row-matrix.js'

/** n scores at mixtures and fidelities, of one metric; higher or lower is better as the caller means it. */
export interface GpObservations {
  /** (n × d), as the kernel sees them: after the input map. */
  readonly points: RowMatrix
  /** n; 0 is the cheapest, M − 1 the target. */
  readonly fidelity: Int32Array
  /** n. */
  readonly values: Float64Array
  /** n variances of single scores that are known beforehand, added to the noise that is learned; 0 where nothing is known. */
  readonly knownNoise: Float64Array
  /** n; each value is the mean of so many scores. */
  readonly repeats: Float64Array
}

/** Scores of the same mixture at the same fidelity become their mean, whose noise is smaller by the number of them. */
export function aggregateRepeats(observations: GpObservations): GpObservations {
  const { points, fidelity } = observations
  const groups = new Map<string, number[]>()
  for (let i = 0; i < points.rows; i++) {
    const key = `${fidelity[i]} ${rowOf(points, i).join()}`
    const group = groups.get(key)
    if (group) group.push(i)
    else groups.set(key, [i])
  }
  const all = [...groups.values()]
  const firsts = all.map(([first]) => first)
  return {
    points: selectRows(points, firsts),
    fidelity: Int32Array.from(firsts, (first) => fidelity[first]),
    ...summariesOf(observations, all),
  }
}

/** By group; a score that is a mean itself counts as often as it was taken. */
function summariesOf(
  { values, knownNoise, repeats }: GpObservations,
  groups: readonly number[][],
): Pick<GpObservations, 'values' | 'knownNoise' | 'repeats'> {
  const counts = Float64Array.from(groups, (rows) => rows.reduce((sum, i) => sum + repeats[i], 0))
  const mean = (of: Float64Array) =>
    Float64Array.from(
      groups,
      (rows, g) => rows.reduce((sum, i) => sum + repeats[i] * of[i], 0) / counts[g],
    )
  return { values: mean(values), knownNoise: mean(knownNoise), repeats: counts }
}
