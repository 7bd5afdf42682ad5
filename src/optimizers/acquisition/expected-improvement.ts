import {
  inverseMillsRatio,
  logNormalCdf,
  meanShortfall,
  normalCdf,
} from '../normal-distribution.js'

/** More standard deviations above the best than this leave nothing to chance in double precision. */
const CERTAIN = 40

/** The logarithm of an expected improvement and its partial derivatives. */
export interface LogImprovementGradient {
  readonly value: number
  readonly byMean: number
  readonly bySd: number
}

/**
 * Expected improvement h(z) = φ(z) + z Φ(z) = E[max(z + Z, 0)] of a standard normal Z, as
 * Φ(z) (z + φ(z)/Φ(z)), whose factors do not cancel. NaN gives NaN.
 */
export function unitImprovement(z: number): number {
  return normalCdf(z) * meanShortfall(z)
}

/**
 * ln h(z) with h(z) = φ(z) + z Φ(z), without underflow: −z²/2 − 2 ln|z| − ln √(2π) far on the left.
 * Ament et al. (2023), Unexpected improvements to expected improvement for Bayesian optimization;
 * its three cases become one through h(z) = Φ(z) (z + φ(z)/Φ(z)). NaN gives NaN.
 */
export function logH(z: number): number {
  return logNormalCdf(z) + Math.log(meanShortfall(z))
}

/**
 * Expected improvement E[max(f − best, 0)] of f ~ N(mean, sd²), to be maximised. Jones, Schonlau
 * and Welch (1998), Efficient global optimization of expensive black-box functions, equation 15.
 * @param sd standard deviation ≥ 0; 0 gives max(mean − best, 0)
 * @param best the value to improve upon
 * @throws RangeError when an argument is NaN or sd < 0
 */
export function expectedImprovement(mean: number, sd: number, best: number): number {
  const gain = checkedGain(mean, sd, best)
  if (sd === 0 || gain > CERTAIN * sd) return Math.max(gain, 0)
  return sd * unitImprovement(gain / sd)
}

/**
 * Logarithm of `expectedImprovement`, finite where that underflows; −Infinity where no improvement
 * is possible (sd = 0 and mean ≤ best) or ((mean − best)/sd)² overflows. Ament et al. (2023).
 * @throws RangeError when an argument is NaN or sd < 0
 */
export function logExpectedImprovement(mean: number, sd: number, best: number): number {
  const gain = checkedGain(mean, sd, best)
  if (sd === 0 || gain > CERTAIN * sd) return Math.log(Math.max(gain, 0))
  return Math.log(sd) + logH(gain / sd)
}

/**
 * `logExpectedImprovement` with its derivatives Φ(z)/(sd h(z)) by the mean and φ(z)/(sd h(z)) by
 * the standard deviation, z = (mean − best)/sd. Neither underflows.
 * @param sd > 0: at 0 the derivatives do not exist
 * @throws RangeError when an argument is NaN or sd ≤ 0
 */
export function logExpectedImprovementGradient(
  mean: number,
  sd: number,
  best: number,
): LogImprovementGradient {
  if (sd === 0) throw new RangeError('the derivatives need a standard deviation above 0')
  const value = logExpectedImprovement(mean, sd, best)
  const gain = mean - best
  if (gain > CERTAIN * sd) return { value, byMean: 1 / gain, bySd: 0 }
  const z = gain / sd
  const shortfall = meanShortfall(z)
  return { value, byMean: 1 / shortfall / sd, bySd: inverseMillsRatio(z) / shortfall / sd }
}

function checkedGain(mean: number, sd: number, best: number): number {
  const gain = mean - best
  if (!(sd >= 0) || Number.isNaN(gain)) {
    throw new RangeError(`no improvement follows from mean ${mean}, sd ${sd} and best ${best}`)
  }
  return gain
}
