import { clippedLine } from './clipped-line.js'

/**
 * Exact projections on {w : Σ w = 1, lower ≤ w ≤ upper}, for spaces without groups and as the inner step of those with.
 * `point` and `out` have m entries and may be the same array.
 */
export interface CappedSimplex {
  euclidean(point: ArrayLike<number>, out: Float64Array): void
  /** `point` ≥ 0, in any scale. */
  kl(point: ArrayLike<number>, out: Float64Array): void
}

/** Entries smaller than this, relative to the largest, count as 0: further down reciprocals overflow. */
const SMALLEST_RATIO = 1e-290

/** Rounding in the sum that is not worth a second pass. */
const SUM_ROUNDING = 1e-14

export function cappedSimplex(lower: Float64Array, upper: Float64Array): CappedSimplex {
  const m = lower.length
  const line = clippedLine(lower, upper)

  function euclidean(point: ArrayLike<number>, out: Float64Array): void {
    for (let i = 0; i < m; i++) line.offset[i] = point[i]
    line.slope.fill(1)
    line.solve(1, out)
    settle(out)
  }

  /** Coordinates of a far point carry rounding as large as themselves; weights in [0, 1] do not. */
  function settle(out: Float64Array): void {
    let sum = 0
    for (let i = 0; i < m; i++) sum += out[i]
    if (Math.abs(sum - 1) <= SUM_ROUNDING) return
    line.offset.set(out)
    line.slope.fill(1)
    line.solve(1, out)
  }

  function kl(point: ArrayLike<number>, out: Float64Array): void {
    let largest = 0
    for (let i = 0; i < m; i++) if (point[i] > largest) largest = point[i]
    let reachable = 0
    for (let i = 0; i < m; i++) {
      const ratio = point[i] / largest
      line.slope[i] = ratio >= SMALLEST_RATIO ? ratio : 0
      reachable += line.slope[i] > 0 ? upper[i] : lower[i]
    }
    line.offset.fill(0)
    if (reachable >= 1) line.solve(1, out)
    else fillZeros(out)
    settle(out)
  }

  /**
   * The positive entries cannot make up the sum, even at their upper bounds: the zeros share the rest evenly, which is
   * the limit of the projections of points whose zeros are one ever smaller number.
   */
  function fillZeros(out: Float64Array): void {
    let total = 1
    for (let i = 0; i < m; i++) {
      const positive = line.slope[i] > 0
      line.slope[i] = positive ? 0 : 1
      if (positive) total -= upper[i] - lower[i]
    }
    line.solve(total, out)
    for (let i = 0; i < m; i++) if (line.slope[i] === 0) out[i] = upper[i]
  }

  return { euclidean, kl }
}
