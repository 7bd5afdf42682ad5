import type { SurrogateName } from './types.js'

export type Direction = 'minimize' | 'maximize'

/**
 * How a metric's values become what surrogates are fitted to: oriented = sign · value + shift,
 * lower is better.
 */
export interface Orientation {
  readonly sign: 1 | -1
  readonly shift: number
}

/** Surrogates whose functions have positive values only. */
const POSITIVE_ONLY: ReadonlySet<SurrogateName> = new Set(['log-linear'])

/** Whether a surrogate can only be fitted to values above 0. */
export function needsPositive(surrogate: SurrogateName): boolean {
  return POSITIVE_ONLY.has(surrogate)
}

/**
 * Turns a metric so that lower is better; the one place where directions and shifts are applied.
 *
 * With `positive`, values are shifted when any oriented one is ≤ 0, by so much that the best
 * observed value becomes the observed range. The log-linear law e^c + e^{t·p} lies above its floor
 * e^c > 0, so this leaves the floor room for one whole range beyond the best run: enough that it
 * does not bind on an accuracy that still rises, while shifts far beyond the range would make c and
 * t nearly interchangeable. Losses above 0 stay as they are: 0 is their natural bound. A shift does
 * not change the unit, so Huber's δ keeps its meaning.
 * @param values n finite values in the metric's own unit
 */
export function orient(
  direction: Direction,
  values: Float64Array,
  { positive }: { positive: boolean },
): Orientation & { values: Float64Array } {
  const sign = direction === 'maximize' ? -1 : 1
  let lowest = Number.POSITIVE_INFINITY
  let highest = Number.NEGATIVE_INFINITY
  for (const value of values) {
    lowest = Math.min(lowest, sign * value)
    highest = Math.max(highest, sign * value)
  }
  // Constant values have no range; any positive level serves.
  const room = highest > lowest ? highest - lowest : Math.abs(lowest) || 1
  const shift = positive && lowest <= 0 ? room - lowest : 0
  return { sign, shift, values: values.map((value) => sign * value + shift) }
}

/** Oriented values in the metric's own unit and direction again. */
export function unorient({ sign, shift }: Orientation, oriented: Float64Array): Float64Array {
  return oriented.map((value) => sign * (value - shift))
}
