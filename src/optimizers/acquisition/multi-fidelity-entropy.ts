import { erfcx, inverseMillsRatio, meanShortfall } from '../normal-distribution.js'
import { truncationEntropy } from './max-value-entropy.js'

/** Nodes of the trapezoidal rule are so far apart, in standard deviations … */
const STEP = 0.5

/** … and reach so far to either side: 17 steps, beyond which φ is below 1e-16 of its peak. */
const REACH = 8.5

const NODES = Float64Array.from({ length: (2 * REACH) / STEP + 1 }, (_, i) => i * STEP - REACH)

/** √(2π) φ(v) times the step. */
const WEIGHTS = NODES.map((v) => STEP * Math.exp(-0.5 * v * v))

/** Posteriors narrower than this, in units of the scores' scale, count as so wide. */
const SMALLEST_RELATIVE_SD = 1e-6

/**
 * Mutual information, in nats, between a noisy value y at some fidelity and the event f ≤ y* at the
 * target fidelity, when (y, f) are jointly normal with correlation ρ and γ = (y* − E f)/sd f:
 *
 *   ½ ρ² γ φ(γ)/Φ(γ) − ln Φ(γ) + ∫ φ(z) Φ(u) ln Φ(u) dz / Φ(γ),  u = (γ − ρ z)/√(1 − ρ²).
 *
 * Takeno et al. (2020), Multi-fidelity Bayesian optimization with max-value entropy search and its
 * parallelization, with the integrals of polynomials in closed form. Depends on |ρ|; grows from 0 at
 * ρ = 0 to `truncationEntropy(γ)` at |ρ| = 1. Relative error below 1e-9, absolute below 1e-11.
 *
 * Completing the square with v = (u − √(1−ρ²) γ)/ρ turns φ(z) Φ(u)/Φ(γ) into a multiple of
 * φ(v) e^{u²/2} Φ(u), so that one rule centred on v = 0 serves every γ and ρ: the trapezoidal rule,
 * which converges geometrically (Trefethen and Weideman 2014), as the integrand has no singularity
 * within 2.8 of the real axis.
 * @param rho in [−1, 1]; rounding beyond is cut off
 */
export function truncationInformation(gamma: number, rho: number): number {
  const r = Math.min(Math.abs(rho), 1)
  const s = Math.sqrt((1 - r) * (1 + r))
  // So close to normal that the bound is exact, where the terms below would cancel.
  if (r < 3e-3 * s * Math.max(1, -gamma)) return truncationInformationBound(gamma, r)
  const mills = inverseMillsRatio(gamma)
  if (mills === 0) return 0
  const centre = s * gamma
  let integral = 0
  for (let k = 0; k < NODES.length; k++) {
    integral += WEIGHTS[k] * scaledLogCdf(centre + r * NODES[k])
  }
  return Math.max(0, truncationEntropy(gamma) + s * mills * (integral - 0.5 * centre))
}

/**
 * Lower bound −½ ln(1 − ρ² R (γ + R)), R = φ(γ)/Φ(γ), of `truncationInformation`: the truncated
 * distribution replaced by a normal one of equal variance. Moss et al. (2021), GIBBON:
 * General-purpose information-based Bayesian optimisation.
 */
export function truncationInformationBound(gamma: number, rho: number): number {
  const r = Math.min(Math.abs(rho), 1)
  // 1 to double precision, as the product of an overflow and an underflow is not.
  const reduction = gamma < -1e8 ? 1 : inverseMillsRatio(gamma) * meanShortfall(gamma)
  return -0.5 * Math.log1p(-r * r * reduction)
}

/**
 * Multi-fidelity max-value entropy search: information, in nats, that a noisy value y at some
 * fidelity gives about the maximum at the target fidelity, averaged over sampled maxima.
 * @param targetMean posterior mean of the candidate at the target fidelity
 * @param targetSd its posterior standard deviation ≥ 0, raised to 1e-6 `scale`
 * @param observedSd predictive standard deviation of y, noise included, ≥ 0; 0 gives 0
 * @param covariance posterior covariance of y with the candidate's value at the target fidelity
 * @param maxima K ≥ 1 samples of the maximum, as `sampleMaxima` draws them
 * @param scale typical size of a difference of scores: 1 when they are standardised
 * @throws RangeError when a number is NaN, a standard deviation < 0 or there is no sample
 */
export function informationGain(
  targetMean: number,
  targetSd: number,
  observedSd: number,
  covariance: number,
  maxima: ArrayLike<number>,
  scale = 1,
): number {
  const sd = Math.max(targetSd, SMALLEST_RELATIVE_SD * scale)
  const rho = observedSd === 0 ? 0 : covariance / (observedSd * sd)
  let sum = 0
  for (let k = 0; k < maxima.length; k++) {
    sum += truncationInformation((maxima[k] - targetMean) / sd, rho)
  }
  if (!(targetSd >= 0 && observedSd >= 0 && maxima.length > 0) || Number.isNaN(sum)) {
    throw new RangeError(
      `no information follows from mean ${targetMean}, sd ${targetSd}, observed sd ` +
        `${observedSd}, covariance ${covariance} and ${maxima.length} maxima`,
    )
  }
  return sum / maxima.length
}

/** e^{u²/2} Φ(u) ln Φ(u): about u/(2 √(2π)) far on the left, −1/(u √(2π)) far on the right. */
function scaledLogCdf(u: number): number {
  if (u <= 0) {
    const scaled = 0.5 * erfcx(-u * Math.SQRT1_2)
    return scaled * (Math.log(scaled) - 0.5 * u * u)
  }
  const scaledTail = 0.5 * erfcx(u * Math.SQRT1_2)
  if (u > 9) return -scaledTail
  const power = Math.exp(0.5 * u * u)
  return (power - scaledTail) * Math.log1p(-scaledTail / power)
}
