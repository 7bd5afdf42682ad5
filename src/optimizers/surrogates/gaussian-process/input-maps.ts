import { createRowMatrix, type RowMatrix, rowOf } from '../../row-matrix.js'

/** The coordinates of mixtures in which a kernel measures distances. */
export interface InputMap {
  readonly name: 'raw' | 'sqrt' | 'ilr' | 'min-max'
  /** How many coordinates it makes of m weights. */
  coordinates(domains: number): number
  /** Writes the coordinates of the weights (m entries). */
  map(weights: ArrayLike<number>, out: Float64Array): void
  /** Adds Jᵀ·slopes to `out` (m entries): derivatives by the coordinates become derivatives by the weights. */
  pullBack(weights: ArrayLike<number>, slopes: ArrayLike<number>, out: Float64Array): void
}

/** The weights themselves. */
export const RAW: InputMap = {
  name: 'raw',
  coordinates: (domains) => domains,
  map: (weights, out) => out.set(weights),
  pullBack(_weights, slopes, out) {
    for (let j = 0; j < out.length; j++) out[j] += slopes[j]
  },
}

/** Below it √w is as good as a line: its derivative would be infinite at 0. */
const LEAST_ROOT = 1e-9

/** √w: the Hellinger metric, by which 0 and 0.01 are further apart than 0.50 and 0.51. */
export const SQRT: InputMap = {
  name: 'sqrt',
  coordinates: (domains) => domains,
  map(weights, out) {
    for (let j = 0; j < out.length; j++) out[j] = Math.sqrt(Math.max(0, weights[j]))
  },
  pullBack(weights, slopes, out) {
    for (let j = 0; j < out.length; j++) {
      out[j] += slopes[j] / (2 * Math.sqrt(Math.max(LEAST_ROOT, weights[j])))
    }
  },
}

/** Weights below it count as it: there is no logarithm of 0. */
const LEAST_SHARE = 1e-3

/**
 * Isometric log-ratios (Egozcue et al. 2003): zᵢ = √(i/(i+1)) ln(g(w₁…wᵢ)/wᵢ₊₁), i = 1…m − 1, with g the geometric mean. The
 * closing of the weights does not matter to them.
 */
export const ILR: InputMap = {
  name: 'ilr',
  coordinates: (domains) => domains - 1,
  map(weights, out) {
    let logs = 0
    for (let i = 1; i <= out.length; i++) {
      logs += Math.log(Math.max(LEAST_SHARE, weights[i - 1]))
      const next = Math.log(Math.max(LEAST_SHARE, weights[i]))
      out[i - 1] = Math.sqrt(i / (i + 1)) * (logs / i - next)
    }
  },
  pullBack(weights, slopes, out) {
    const count = out.length - 1
    let after = 0
    for (let j = count; j >= 0; j--) {
      // Weight j is in the mean of all zᵢ with i > j, and alone in z_j.
      const alone = j > 0 ? Math.sqrt(j / (j + 1)) * slopes[j - 1] : 0
      if (weights[j] > LEAST_SHARE) out[j] += (after - alone) / weights[j]
      if (j > 0) after += slopes[j - 1] / Math.sqrt(j * (j + 1))
    }
  },
}

/** (w − lower) / (upper − lower), for weights that the constraints keep within narrow bounds. */
export function minMax(lower: ArrayLike<number>, upper: ArrayLike<number>): InputMap {
  const widths = Array.from(lower, (low, j) => (upper[j] > low ? upper[j] - low : 1))
  return {
    name: 'min-max',
    coordinates: (domains) => domains,
    map(weights, out) {
      for (let j = 0; j < out.length; j++) out[j] = (weights[j] - lower[j]) / widths[j]
    },
    pullBack(_weights, slopes, out) {
      for (let j = 0; j < out.length; j++) out[j] += slopes[j] / widths[j]
    },
  }
}

/** Rows of weights (n × m) as coordinates (n × d). */
export function mapRows(map: InputMap, weights: RowMatrix): RowMatrix {
  const mapped = createRowMatrix(weights.rows, map.coordinates(weights.columns))
  for (let i = 0; i < weights.rows; i++) map.map(rowOf(weights, i), rowOf(mapped, i))
  return mapped
}
