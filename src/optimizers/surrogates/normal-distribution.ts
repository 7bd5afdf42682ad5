const LOG_SQRT_2_PI = 0.5 * Math.log(2 * Math.PI)

/** Density of the standard normal distribution. */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x - LOG_SQRT_2_PI)
}

/**
 * Cumulative distribution of the standard normal: relative error below 1e-12 for x > −37, also in
 * the tails. Series φ(x)·(x + x³/3 + x⁵/(3·5) + …) near 0, continued fraction of Mills' ratio
 * beyond (Abramowitz and Stegun 26.2.11 and 26.2.14).
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN
  if (Math.abs(x) > 3) {
    const tail = upperTail(Math.abs(x))
    return x > 0 ? 1 - tail : tail
  }
  let term = x
  let sum = x
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= (x * x) / k
    sum += term
  }
  return 0.5 + normalDensity(x) * sum
}

/** P(X > x) for x ≥ 3. */
function upperTail(x: number): number {
  if (x > 40) return 0
  let fraction = x
  for (let k = 100; k >= 1; k--) fraction = x + k / fraction
  return normalDensity(x) / fraction
}

/**
 * Inverse of `normalCdf`: a rational start (Abramowitz and Stegun 26.2.23) polished by Halley
 * steps.
 * @param probability in [0, 1]; the ends give ∓Infinity
 */
export function normalQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`a quantile needs a probability in [0, 1], got ${probability}`)
  }
  if (probability > 0.5) return -normalQuantile(1 - probability)
  if (probability === 0) return Number.NEGATIVE_INFINITY
  const t = Math.sqrt(-2 * Math.log(probability))
  const numerator = 2.515517 + t * (0.802853 + t * 0.010328)
  const denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
  let x = numerator / denominator - t
  for (let step = 0; step < 4; step++) {
    const newton = (normalCdf(x) - probability) / normalDensity(x)
    // Far in the subnormal tail the density is 0 and the start is the best there is.
    if (!Number.isFinite(newton)) break
    x -= newton / (1 + 0.5 * x * newton)
  }
  return x
}
