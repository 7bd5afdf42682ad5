/** The interval of angles is halved until it has no double inside. */
const HALVINGS = 60

/**
 * Quantile of Student's t distribution: the t that a draw stays below with the given probability. Its relative error is about
 * 1e-16 / min(probability, 1 − probability).
 * @param probability in (0, 1)
 * @param degrees of freedom, an integer ≥ 1; the time taken is in proportion to it
 * @throws RangeError for arguments out of range
 */
export function studentQuantile(probability: number, degrees: number): number {
  if (!(probability > 0 && probability < 1)) {
    throw new RangeError(`a quantile of Student's t needs 0 < probability < 1, got ${probability}`)
  }
  if (!(Number.isInteger(degrees) && degrees >= 1)) {
    throw new RangeError(`the degrees of freedom are an integer ≥ 1, not ${degrees}`)
  }
  const inside = Math.abs(2 * probability - 1)
  let low = 0
  let high = Math.PI / 2
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2
    if (centralProbability(middle, degrees) < inside) low = middle
    else high = middle
  }
  return Math.sign(probability - 0.5) * Math.sqrt(degrees) * Math.tan((low + high) / 2)
}

/**
 * P(|T| ≤ √ν tan θ), a finite sum of positive terms for whole degrees of freedom ν: Abramowitz and Stegun 26.7.3 and 26.7.4.
 * @param angle θ in [0, π/2]
 */
function centralProbability(angle: number, degrees: number): number {
  const odd = degrees % 2 === 1
  const squaredCosine = Math.cos(angle) ** 2
  let term = odd ? Math.cos(angle) : 1
  let sum = 0
  for (let power = odd ? 1 : 0; power <= degrees - 2; power += 2) {
    sum += term
    term *= (squaredCosine * (power + 1)) / (power + 2)
  }
  return odd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum
}
