/** A point of a function of one variable: where, value, slope. */
export interface Sample {
  readonly step: number
  readonly value: number
  readonly slope: number
}

/** What is known of where a minimum lies. */
export interface Interval {
  /** The end with the least value so far. */
  readonly best: Sample
  /** The other end; of no meaning while nothing is bracketed. */
  readonly other: Sample
  /** Whether a minimum lies between the ends. */
  readonly isBracketed: boolean
}

/**
 * The step to try next, by cubic and quadratic interpolation (Moré and Thuente 1994, section 4; as
 * MINPACK-2's dcstep). May be NaN where rounding has left no cubic.
 * @param least and `most`: limits as long as nothing is bracketed
 */
export function nextStep(interval: Interval, trial: Sample, least: number, most: number): number {
  const { best } = interval
  if (trial.value > best.value) return stepTowardsLower(best, trial)
  if (turned(best, trial)) return stepBetweenSlopes(best, trial)
  if (Math.abs(trial.slope) < Math.abs(best.slope)) {
    return stepAlongFlattening(interval, trial, least, most)
  }
  if (interval.isBracketed) return cubicMinimum(trial, interval.other)
  return trial.step > best.step ? most : least
}

/** The interval that the trial leaves. */
export function narrowed(interval: Interval, trial: Sample): Interval {
  const { best, other, isBracketed } = interval
  if (trial.value > best.value) return { best, other: trial, isBracketed: true }
  if (turned(best, trial)) return { best: trial, other: best, isBracketed: true }
  return { best: trial, other, isBracketed }
}

function turned(best: Sample, trial: Sample): boolean {
  return trial.slope * Math.sign(best.slope) < 0
}

/**
 * Higher than the best end: the minimum lies between, and more likely near the cubic's when that is
 * nearer.
 */
function stepTowardsLower(best: Sample, trial: Sample): number {
  const width = trial.step - best.step
  const cubic = cubicMinimum(best, trial)
  const secant = (best.value - trial.value) / width
  const quadratic = best.step + (best.slope / (secant + best.slope) / 2) * width
  const cubicIsNearer = Math.abs(cubic - best.step) < Math.abs(quadratic - best.step)
  return cubicIsNearer ? cubic : cubic + (quadratic - cubic) / 2
}

/** Lower, with slopes of opposite sign. */
function stepBetweenSlopes(best: Sample, trial: Sample): number {
  const cubic = cubicMinimum(trial, best)
  const secant = slopeRoot(best, trial)
  return Math.abs(cubic - trial.step) > Math.abs(secant - trial.step) ? cubic : secant
}

/** Lower, with slopes of the same sign that flatten: the cubic may have no minimum ahead. */
function stepAlongFlattening(
  { best, other, isBracketed }: Interval,
  trial: Sample,
  least: number,
  most: number,
): number {
  const isForward = trial.step > best.step
  const share = cubicShare(trial, best)
  const cubic = share < 0 ? trial.step + share * (best.step - trial.step) : isForward ? most : least
  const secant = slopeRoot(best, trial)
  const cubicIsNearer = Math.abs(cubic - trial.step) < Math.abs(secant - trial.step)
  if (!isBracketed) {
    return Math.min(Math.max(cubicIsNearer ? secant : cubic, least), most)
  }
  const step = cubicIsNearer ? cubic : secant
  const limit = trial.step + 0.66 * (other.step - trial.step)
  return isForward ? Math.min(limit, step) : Math.max(limit, step)
}

/** Where the line through both slopes is 0. */
function slopeRoot(best: Sample, trial: Sample): number {
  return trial.step + (trial.slope / (trial.slope - best.slope)) * (best.step - trial.step)
}

/** The minimum of the cubic through both samples. */
function cubicMinimum(from: Sample, to: Sample): number {
  return from.step + cubicShare(from, to) * (to.step - from.step)
}

/** The same as a share of the way between them; NaN when the cubic has no minimum. */
function cubicShare(from: Sample, to: Sample): number {
  const width = to.step - from.step
  const bend = (3 * (from.value - to.value)) / width + from.slope + to.slope
  const size = Math.max(Math.abs(bend), Math.abs(from.slope), Math.abs(to.slope))
  const inside = (bend / size) ** 2 - (from.slope / size) * (to.slope / size)
  if (!(inside > 0)) return Number.NaN
  const root = Math.sign(width) * size * Math.sqrt(inside)
  return (root - from.slope + bend) / (root - from.slope + root + to.slope)
}
