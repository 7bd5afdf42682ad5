/**
 * Both projections on the capped simplex end in one problem: find t with
 *   Σ_i clip(offset_i + slope_i · t, lower_i, upper_i) = total,   slope_i ≥ 0,
 * which is piecewise linear and never falls in t. Euclidean: offset = point, slope = 1. KL: offset = 0, slope = point.
 * An entry of slope 0 stays at its lower bound.
 */
export interface ClippedLine {
  /** To be filled by the caller before `solve`; m entries each. */
  readonly offset: Float64Array
  readonly slope: Float64Array
  /**
   * Writes the clipped values at the solution to `out` and returns t. Where no t reaches `total` the bounds nearest
   * to it are written, and t is ±Infinity.
   */
  solve(total: number, out: Float64Array): number
}

/** @param lower,upper m entries each, lower ≤ upper. The solver keeps scratch space: O(m log m) time, no allocation. */
export function clippedLine(lower: Float64Array, upper: Float64Array): ClippedLine {
  const m = lower.length
  const offset = new Float64Array(m)
  const slope = new Float64Array(m)
  /** t at which an entry leaves its lower bound, and at which it reaches its upper one. */
  const leaves = new Float64Array(m)
  const reaches = new Float64Array(m)
  const knots = new Float64Array(2 * m)

  function sumAt(t: number): number {
    let sum = 0
    for (let i = 0; i < m; i++) {
      if (t <= leaves[i]) sum += lower[i]
      else if (t >= reaches[i]) sum += upper[i]
      else sum += offset[i] + slope[i] * t
    }
    return sum
  }

  function findKnots(): void {
    for (let i = 0; i < m; i++) {
      const moves = slope[i] > 0
      leaves[i] = moves ? (lower[i] - offset[i]) / slope[i] : Number.POSITIVE_INFINITY
      reaches[i] = moves ? (upper[i] - offset[i]) / slope[i] : Number.POSITIVE_INFINITY
      knots[i] = leaves[i]
      knots[m + i] = reaches[i]
    }
    knots.sort()
  }

  /** Index of the last knot at which the sum is still ≤ total, or −1. */
  function lastKnotBelow(total: number): number {
    let below = -1
    let above = 2 * m
    while (above - below > 1) {
      const middle = (below + above) >> 1
      if (knots[middle] < Number.POSITIVE_INFINITY && sumAt(knots[middle]) <= total) below = middle
      else above = middle
    }
    return below
  }

  /** No entry changes its state strictly between `from` and `to`, so the sum is linear there. */
  function solveBetween(from: number, to: number, total: number): number {
    let missing = total
    let rate = 0
    for (let i = 0; i < m; i++) {
      if (leaves[i] >= to) missing -= lower[i]
      else if (reaches[i] <= from) missing -= upper[i]
      else {
        missing -= offset[i]
        rate += slope[i]
      }
    }
    if (rate === 0) return missing > 0 ? to : from
    return Math.min(to, Math.max(from, missing / rate))
  }

  function solve(total: number, out: Float64Array): number {
    const unclipped = solveUnclipped(total, out)
    if (unclipped !== undefined) return unclipped
    findKnots()
    const k = lastKnotBelow(total)
    const from = k < 0 ? Number.NEGATIVE_INFINITY : knots[k]
    const to = k + 1 < 2 * m ? knots[k + 1] : Number.POSITIVE_INFINITY
    const t = k < 0 ? from : solveBetween(from, to, total)
    for (let i = 0; i < m; i++) {
      if (t <= leaves[i]) out[i] = lower[i]
      else if (t >= reaches[i]) out[i] = upper[i]
      else out[i] = Math.min(upper[i], Math.max(lower[i], offset[i] + slope[i] * t))
    }
    return t
  }

  /** The common case without sorting: no bound is in the way. */
  function solveUnclipped(total: number, out: Float64Array): number | undefined {
    let missing = total
    let rate = 0
    for (let i = 0; i < m; i++) {
      missing -= offset[i]
      rate += slope[i]
    }
    const t = missing / rate
    for (let i = 0; i < m; i++) {
      const value = offset[i] + slope[i] * t
      if (!(value >= lower[i] && value <= upper[i])) return undefined
      out[i] = value
    }
    return t
  }

  return { offset, slope, solve }
}
