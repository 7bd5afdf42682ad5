/**
 * A function along a ray, φ(α) = f(x + α d): `evaluate(α)` leaves φ(α) in `value` and φ′(α) in
 * `slope`.
 */
export interface Ray {
  evaluate(step: number): void
  value: number
  slope: number
}

const SUFFICIENT_DECREASE = 1e-4
const CURVATURE = 0.9
const MOST_TRIALS = 25
const EXPANSION = 4

/**
 * A step that meets the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization,
 * algorithms 3.5 and 3.6): extends the step until an interval holds a good one, then narrows it by
 * cubic interpolation.
 * @param ray with φ(0) in `value` and φ′(0) < 0 in `slope`
 * @returns the step, which is the one last evaluated; when trials run out, the best step with
 *   enough decrease; 0 when there is none
 */
export function strongWolfeStep(ray: Ray, firstStep: number): number {
  const startValue = ray.value
  const startSlope = ray.slope
  let lowStep = 0
  let lowValue = startValue
  let lowSlope = startSlope
  let highStep = Number.NaN
  let highValue = 0
  let highSlope = 0
  let step = firstStep
  for (let trial = 0; trial < MOST_TRIALS; trial++) {
    ray.evaluate(step)
    // Written so that NaN counts as too far.
    const decreased = ray.value <= startValue + SUFFICIENT_DECREASE * step * startSlope
    if (!decreased || ray.value >= lowValue) {
      highStep = step
      highValue = ray.value
      highSlope = ray.slope
    } else {
      if (Math.abs(ray.slope) <= -CURVATURE * startSlope) return step
      const turned = Number.isNaN(highStep) ? ray.slope >= 0 : ray.slope * (highStep - lowStep) >= 0
      if (turned) {
        highStep = lowStep
        highValue = lowValue
        highSlope = lowSlope
      }
      lowStep = step
      lowValue = ray.value
      lowSlope = ray.slope
    }
    step = Number.isNaN(highStep)
      ? step * EXPANSION
      : interpolate(lowStep, lowValue, lowSlope, highStep, highValue, highSlope)
  }
  if (lowStep > 0) ray.evaluate(lowStep)
  return lowStep
}

/**
 * Minimum of the cubic through both ends, kept a tenth of the interval away from them; the middle
 * without one.
 */
function interpolate(
  low: number,
  lowValue: number,
  lowSlope: number,
  high: number,
  highValue: number,
  highSlope: number,
): number {
  const width = high - low
  const bend = lowSlope + highSlope - (3 * (highValue - lowValue)) / width
  const root = Math.sign(width) * Math.sqrt(bend * bend - lowSlope * highSlope)
  const share = 1 - (highSlope + root - bend) / (highSlope - lowSlope + 2 * root)
  if (Number.isNaN(share)) return low + 0.5 * width
  return low + width * Math.min(0.9, Math.max(0.1, share))
}
