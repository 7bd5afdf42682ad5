import { studentQuantile } from '../student-t.js'
import { mean, standardDeviation } from '../surrogates/statistics.js'
import type { Estimate } from './types.js'

const UPPER_END = 0.975

/**
 * Mean with its 95 % interval, mean ± t(0.975, n − 1) · s / √n, over the n values that there are; of one value the interval is
 * that value. Null without any.
 */
export function estimate(values: readonly (number | null)[]): Estimate | null {
  const known = values.filter((value) => value !== null)
  const n = known.length
  if (n === 0) return null
  const centre = mean(known)
  const half =
    n === 1 ? 0 : (studentQuantile(UPPER_END, n - 1) * standardDeviation(known)) / Math.sqrt(n)
  return { mean: centre, lower: centre - half, upper: centre + half, seeds: n }
}

/** Median of values of which null stands for "never", which is later than all; null when half of them or more are. */
export function medianOrNever(values: readonly (number | null)[]): number | null {
  const sorted = values.map((value) => value ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b)
  const below = sorted[Math.ceil(sorted.length / 2) - 1]
  const above = sorted[Math.floor(sorted.length / 2)]
  const median = (below + above) / 2
  return Number.isFinite(median) ? median : null
}

/** The part of the values that is not null; 0 when there are none. */
export function shareKnown(values: readonly unknown[]): number {
  if (values.length === 0) return 0
  return values.filter((value) => value !== null).length / values.length
}
