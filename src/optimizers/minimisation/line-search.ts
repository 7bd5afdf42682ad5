import { type Interval, narrowed, nextStep, type Sample } from './cubic-step.js'

/**
 * A function along a ray, φ(α) = f(x + α d): `evaluate(α)` leaves φ(α) in `value` and φ′(α) in
 * `slope`, either of them not finite outside the function's domain.
 */
export interface Ray {
  evaluate(step: number): void
  value: number
  slope: number
}

const SUFFICIENT_DECREASE = 1e-3
const CURVATURE = 0.9
/** An interval narrower than this share of its longer end is not worth narrowing. */
const NARROW = 0.1
/** Limits of the step after the next, beyond the next and as multiples of its advance. */
const LEAST_EXTENSION = 1.1
const MOST_EXTENSION = 4
/** A bracket that keeps more than this share of its width over two trials is halved. */
const SLOW_NARROWING = 0.66
/** Share of the way that is left of a step that went outside the domain. */
const BACK_INSIDE = 0.2

/**
 * The line search of Moré and Thuente (1994, "Line search algorithms with guaranteed sufficient
 * decrease"; MINPACK-2's dcsrch) for φ(α) ≤ φ(0) + 10⁻³ α φ′(0) and |φ′(α)| ≤ 0.9 |φ′(0)|. A trial
 * outside the domain becomes the limit of what is tried from then on.
 * @param ray with φ(0) in `value` and φ′(0) < 0 in `slope`
 * @param longest no step is longer; φ may still fall there
 * @returns whether the step last evaluated may be taken: it meets both conditions, or only the
 *   first at the longest step possible, or is lower than φ(0) with a bracket too narrow to go on in
 */
export function searchLine(
  ray: Ray,
  firstStep: number,
  longest: number,
  mostTrials: number,
): boolean {
  const start: Sample = { step: 0, value: ray.value, slope: ray.slope }
  const bracketing = new Bracketing(start, Math.min(firstStep, longest), longest)
  for (let trial = 0; trial < mostTrials; trial++) {
    const { step } = bracketing
    ray.evaluate(step)
    if (!Number.isFinite(ray.value) || !Number.isFinite(ray.slope)) {
      bracketing.stepBack()
      continue
    }
    const sample = { step, value: ray.value, slope: ray.slope }
    if (bracketing.meetsConditions(sample)) return true
    if (bracketing.isExhausted(sample)) return sample.value < start.value
    bracketing.take(sample)
  }
  return false
}

class Bracketing {
  /** The step to try. */
  step: number
  readonly #start: Sample
  /** Slope of the line of sufficient decrease. */
  readonly #decrease: number
  #longest: number
  #interval: Interval
  /** The bracket; while there is none, the limits of the step after this one. */
  #least = 0
  #most: number
  /** Widths of the bracket at the last trial and at the one before. */
  #width: number
  #widthBefore: number
  #isFirstStage = true

  constructor(start: Sample, firstStep: number, longest: number) {
    this.#start = start
    this.#decrease = SUFFICIENT_DECREASE * start.slope
    this.#longest = longest
    this.#interval = { best: start, other: start, isBracketed: false }
    this.step = firstStep
    this.#most = firstStep + MOST_EXTENSION * firstStep
    this.#width = longest
    this.#widthBefore = 2 * longest
  }

  meetsConditions({ step, value, slope }: Sample): boolean {
    const isLowEnough = value <= this.#start.value + step * this.#decrease
    return isLowEnough && Math.abs(slope) <= -CURVATURE * this.#start.slope
  }

  /** Whether no better step can be had, or told from this one. */
  isExhausted({ step, value, slope }: Sample): boolean {
    const isOutside = step <= this.#least || step >= this.#most
    if (this.#interval.isBracketed && (isOutside || this.#isNarrow())) return true
    const isLowEnough = value <= this.#start.value + step * this.#decrease
    return step === this.#longest && isLowEnough && slope <= this.#decrease
  }

  /** Chooses the next step after one inside the domain. */
  take(sample: Sample): void {
    const low = this.#start.value + sample.step * this.#decrease
    if (this.#isFirstStage && sample.value <= low && sample.slope >= 0) this.#isFirstStage = false
    const isBetween = sample.value <= this.#interval.best.value && sample.value > low
    // Until a step is low enough, what is looked for is a minimum of φ less the line of decrease.
    const tilt = this.#isFirstStage && isBetween ? this.#decrease : 0
    const interval = tiltInterval(this.#interval, tilt)
    const trial = tilted(sample, tilt)
    this.step = nextStep(interval, trial, this.#least, this.#most)
    this.#interval = tiltInterval(narrowed(interval, trial), -tilt)
    this.#limit()
  }

  /** Chooses the next step after one outside the domain. */
  stepBack(): void {
    const { best } = this.#interval
    const isForward = this.step > best.step
    this.step = best.step + BACK_INSIDE * (this.step - best.step)
    if (isForward) this.#longest = this.step
  }

  #limit(): void {
    const { best, other, isBracketed } = this.#interval
    if (isBracketed) {
      const width = Math.abs(other.step - best.step)
      const middle = best.step + 0.5 * (other.step - best.step)
      if (width >= SLOW_NARROWING * this.#widthBefore || Number.isNaN(this.step)) this.step = middle
      this.#widthBefore = this.#width
      this.#width = width
      this.#least = Math.min(best.step, other.step)
      this.#most = Math.max(best.step, other.step)
    } else {
      this.#least = this.step + LEAST_EXTENSION * (this.step - best.step)
      this.#most = this.step + MOST_EXTENSION * (this.step - best.step)
    }
    this.step = Math.min(Math.max(this.step, 0), this.#longest)
    const isOutside = this.step <= this.#least || this.step >= this.#most
    if (isBracketed && (isOutside || this.#isNarrow())) this.step = best.step
  }

  #isNarrow(): boolean {
    return this.#most - this.#least <= NARROW * this.#most
  }
}

function tilted({ step, value, slope }: Sample, by: number): Sample {
  return { step, value: value - step * by, slope: slope - by }
}

function tiltInterval({ best, other, isBracketed }: Interval, by: number): Interval {
  return { best: tilted(best, by), other: tilted(other, by), isBracketed }
}
