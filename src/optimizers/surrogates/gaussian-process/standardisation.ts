import { mean } from '../statistics.js'

/** How scores of each fidelity become numbers of mean 0 and variance 1, and back. */
export interface Standardisation {
  /** By fidelity, in the unit of the scores. */
  readonly means: Float64Array
  readonly deviations: Float64Array
}

/** Scores that a deviation of their own needs to weigh as much as what is known from the other fidelities. */
const BORROWED = 4
const LEAST_DEVIATION = 1e-12

/**
 * Each fidelity by its own mean and standard deviation (n − 1): scales have levels and spreads of their own. A deviation of few
 * scores is drawn towards that of all fidelities, pooled: s²_m ← (n_m s²_m + 4 s²)/(n_m + 4) below five. Where nothing varies, or
 * nothing is known, deviations are 1, and a fidelity without scores has the mean of all.
 */
export function standardisationOf(
  values: ArrayLike<number>,
  fidelity: ArrayLike<number>,
  fidelities: number,
): Standardisation {
  const counts = new Float64Array(fidelities)
  const means = new Float64Array(fidelities)
  const squares = new Float64Array(fidelities)
  for (let i = 0; i < values.length; i++) {
    const m = fidelity[i]
    counts[m] += 1
    const step = values[i] - means[m]
    means[m] += step / counts[m]
    squares[m] += step * (values[i] - means[m])
  }
  const freedom = counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0)
  const pooled = freedom > 0 ? squares.reduce((sum, square) => sum + square, 0) / freedom : 0
  const overall = values.length > 0 ? mean(values) : 0
  return {
    means: means.map((own, m) => (counts[m] > 0 ? own : overall)),
    deviations: counts.map((count, m) => {
      const own = count > 1 ? squares[m] / (count - 1) : 0
      const variance = count < 5 ? (count * own + BORROWED * pooled) / (count + BORROWED) : own
      const deviation = Math.sqrt(variance)
      return deviation > LEAST_DEVIATION * Math.max(1, Math.abs(means[m])) ? deviation : 1
    }),
  }
}

export function standardise(
  { means, deviations }: Standardisation,
  values: ArrayLike<number>,
  fidelity: ArrayLike<number>,
): Float64Array {
  return Float64Array.from(
    values,
    (value, i) => (value - means[fidelity[i]]) / deviations[fidelity[i]],
  )
}
