/** Sums of costs, and differences of scores, are off by rounding: a limit that is met exactly counts as kept. */
const ROUNDING = 1e-9

/** Whether the value is at most the limit (≥ 0), to nine digits. */
export function isWithin(value: number, limit: number): boolean {
  return value <= limit * (1 + ROUNDING)
}
