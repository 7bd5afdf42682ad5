import { type RowMatrix, rowOf } from '../row-matrix.js'
import { logExpectedImprovement } from './expected-improvement.js'
import { LogSum } from './log-sum.js'

/**
 * The value to improve upon in each joint posterior sample: its maximum over the baseline points.
 * @param samples (samples × baseline points) noise-free function values at the points observed so
 *   far and pending, one joint draw a row
 * @returns as many maxima as there are rows
 * @throws RangeError when there is no baseline point or a value is NaN
 */
export function sampledIncumbents(samples: RowMatrix): Float64Array {
  if (samples.columns === 0) throw new RangeError('there is no baseline point to improve upon')
  return Float64Array.from({ length: samples.rows }, (_, s) => {
    const best = rowOf(samples, s).reduce((a, b) => Math.max(a, b))
    if (Number.isNaN(best)) throw new RangeError(`sample ${s} of the baseline holds NaN`)
    return best
  })
}

/**
 * Logarithm of the noisy expected improvement of each candidate: the mean over joint posterior
 * samples of the expected improvement, given the sampled baseline values, upon their maximum. The
 * sampled values take the place of noisy observations: Letham et al. (2019), Constrained Bayesian
 * optimization with noisy experiments; in logarithms: Ament et al. (2023), Unexpected improvements
 * to expected improvement for Bayesian optimization.
 * @param means (candidates × samples) posterior means given the data and each sample's baseline
 * @param sds per candidate, its standard deviation given the baseline's noise-free values; of a
 *   Gaussian it is the same whatever those values are
 * @param incumbents per sample, as `sampledIncumbents` gives them
 * @returns per candidate; −Infinity where no sample leaves an improvement possible
 * @throws RangeError when lengths differ, there is no sample, a number is NaN or an sd < 0
 */
export function logNoisyExpectedImprovement(
  means: RowMatrix,
  sds: ArrayLike<number>,
  incumbents: ArrayLike<number>,
): Float64Array {
  if (sds.length !== means.rows || incumbents.length !== means.columns || means.columns === 0) {
    throw new RangeError(
      `expected ${sds.length} × ${incumbents.length} means, at least one a candidate, ` +
        `got ${means.rows} × ${means.columns}`,
    )
  }
  return Float64Array.from({ length: means.rows }, (_, i) =>
    logMeanImprovement(rowOf(means, i), sds[i], incumbents),
  )
}

function logMeanImprovement(
  means: Float64Array,
  sd: number,
  incumbents: ArrayLike<number>,
): number {
  const improvements = new LogSum()
  for (let s = 0; s < means.length; s++) {
    improvements.add(logExpectedImprovement(means[s], sd, incumbents[s]))
  }
  return improvements.value - Math.log(means.length)
}
