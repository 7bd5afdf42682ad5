const LOG_SQRT_2_PI = 0.5 * Math.log(2 * Math.PI)
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI)
const INVERSE_SQRT_PI = 1 / Math.sqrt(Math.PI)

/** z of a central 90 % interval. */
export const Z_90 = 1.6448536269514722

/** Below it erf is fitted, above it erfcx (Cody 1969). */
const SMALL = 0.46875

/** Density of the standard normal distribution. */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x - LOG_SQRT_2_PI)
}

/**
 * Cumulative distribution Φ of the standard normal: relative error below 1e-14, also in the lower
 * tail until it leaves the range of doubles near x = −38.
 */
export function normalCdf(x: number): number {
  const argument = Math.abs(x) * Math.SQRT1_2
  if (argument <= SMALL) return 0.5 + 0.5 * smallErf(x * Math.SQRT1_2)
  if (Number.isNaN(x)) return Number.NaN
  const tail = argument > 28 ? 0 : 0.5 * largeErfcx(argument) * exponentialOfSquare(x, -0.5)
  return x > 0 ? 1 - tail : tail
}

/**
 * ln Φ(x) without underflow: relative error below 1e-14 for every x, −Infinity only where x²
 * overflows.
 */
export function logNormalCdf(x: number): number {
  if (x > 0) return Math.log1p(-normalCdf(-x))
  return Math.log(0.5 * erfcx(-x * Math.SQRT1_2)) - 0.5 * x * x
}

/**
 * Inverse Mills ratio φ(x)/Φ(x) = −E[Z | Z ≤ x] of a standard normal Z: about −x far on the left,
 * about φ(x) far on the right.
 */
export function inverseMillsRatio(x: number): number {
  if (x > 0) return normalDensity(x) / normalCdf(x)
  return SQRT_2_OVER_PI / erfcx(-x * Math.SQRT1_2)
}

/**
 * x + φ(x)/Φ(x) = E[x − Z | Z ≤ x] > 0 of a standard normal Z, about −1/x far on the left, where
 * the sum would cancel. Relative error below 1e-13. Continued fraction of Mills' ratio, Abramowitz
 * and Stegun 26.2.14.
 */
export function meanShortfall(x: number): number {
  if (!(x < -8)) return x + inverseMillsRatio(x)
  let fraction = -x
  for (let k = 16; k >= 2; k--) fraction = -x + k / fraction
  return 1 / fraction
}

/**
 * Scaled complementary error function exp(x²) erfc(x): relative error below 1e-15 for x ≥ 0, about
 * 1/(x √π) far on the right; 2 exp(x²) on the left, Infinity below −26.6. Rational minimax
 * approximations of Cody (1969), Rational Chebyshev approximations for the error function,
 * Mathematics of Computation 23.
 */
export function erfcx(x: number): number {
  if (x > SMALL) return largeErfcx(x)
  if (x >= -SMALL) return Math.exp(x * x) * (1 - smallErf(x))
  return 2 * exponentialOfSquare(x, 1) - largeErfcx(-x)
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

/** exp(factor x²); the square is taken in two parts, so that its rounding is not magnified. */
function exponentialOfSquare(x: number, factor: number): number {
  const coarse = Math.trunc(16 * x) / 16
  return Math.exp(factor * coarse * coarse) * Math.exp(factor * (x - coarse) * (x + coarse))
}

/** erf(x) for |x| ≤ 0.46875. */
function smallErf(x: number): number {
  const y = x * x
  let numerator = 0.18577770618460315
  numerator = numerator * y + 3.1611237438705655
  numerator = numerator * y + 113.86415415105016
  numerator = numerator * y + 377.485237685302
  numerator = numerator * y + 3209.3775891384694
  let denominator = y + 23.601290952344122
  denominator = denominator * y + 244.02463793444417
  denominator = denominator * y + 1282.6165260773723
  denominator = denominator * y + 2844.236833439171
  return (x * numerator) / denominator
}

/** exp(x²) erfc(x) for x ≥ 0.46875. */
function largeErfcx(x: number): number {
  return x <= 4 ? middleErfcx(x) : farErfcx(x)
}

/** exp(x²) erfc(x) for 0.46875 ≤ x ≤ 4. */
function middleErfcx(x: number): number {
  let numerator = 2.1531153547440383e-8
  numerator = numerator * x + 0.5641884969886701
  numerator = numerator * x + 8.883149794388377
  numerator = numerator * x + 66.11919063714163
  numerator = numerator * x + 298.6351381974001
  numerator = numerator * x + 881.952221241769
  numerator = numerator * x + 1712.0476126340707
  numerator = numerator * x + 2051.0783778260716
  numerator = numerator * x + 1230.3393547979972
  let denominator = x + 15.744926110709835
  denominator = denominator * x + 117.6939508913125
  denominator = denominator * x + 537.1811018620099
  denominator = denominator * x + 1621.3895745666903
  denominator = denominator * x + 3290.7992357334597
  denominator = denominator * x + 4362.619090143247
  denominator = denominator * x + 3439.3676741437216
  denominator = denominator * x + 1230.3393548037495
  return numerator / denominator
}

/** exp(x²) erfc(x) for x ≥ 4. */
function farErfcx(x: number): number {
  const y = 1 / (x * x)
  let numerator = 0.016315387137302097
  numerator = numerator * y + 0.30532663496123236
  numerator = numerator * y + 0.36034489994980445
  numerator = numerator * y + 0.12578172611122926
  numerator = numerator * y + 0.016083785148742275
  numerator = numerator * y + 0.0006587491615298378
  let denominator = y + 2.568520192289822
  denominator = denominator * y + 1.8729528499234673
  denominator = denominator * y + 0.5279051029514285
  denominator = denominator * y + 0.06051834131244132
  denominator = denominator * y + 0.0023352049762686918
  return (INVERSE_SQRT_PI - (y * numerator) / denominator) / x
}
