import { logNoisyExpectedImprovement, sampledIncumbents } from '../../acquisition/index.js'
import { choleskyWithJitter, solveLowerMany } from '../../linear-algebra/index.js'
import type { Rng } from '../../random.js'
import { createRowMatrix, rowOf, selectRows } from '../../row-matrix.js'
import type { GpProjection } from '../../surrogates/gaussian-process/index.js'
import { baselineAtTarget, type Outlook } from './outlook.js'

const SAMPLES = 64
/** The best of those run stand for all: the others are never the best of a sample. */
const MOST_BASELINE = 60

/**
 * ln of the expected improvement upon the best of what was run, whose scores without noise are drawn jointly (Letham et al. 2019). With
 * trials under way imagined at their means.
 */
export function logNoisyImprovement(
  outlook: Outlook,
  atTarget: GpProjection,
  rng: Rng,
): Float64Array {
  const { posterior } = outlook.model
  const baseline = bestOf(outlook, baselineAtTarget(outlook))
  const n = baseline.means.length
  const { factor } = choleskyWithJitter(posterior.covariance(baseline, baseline), n)
  const count = atTarget.means.length
  const solved = posterior.covariance(baseline, atTarget)
  solveLowerMany(factor, solved, count)
  const samples = createRowMatrix(SAMPLES, n)
  const means = createRowMatrix(count, SAMPLES)
  for (let s = 0; s < SAMPLES; s++) {
    const z = Float64Array.from({ length: n }, () => rng.normal())
    const row = rowOf(samples, s)
    for (let i = 0; i < n; i++) {
      row[i] = baseline.means[i]
      for (let k = 0; k <= i; k++) row[i] += factor.data[i * factor.stride + k] * z[k]
    }
    for (let c = 0; c < count; c++) {
      let mean = atTarget.means[c]
      for (let i = 0; i < n; i++) mean += z[i] * solved[i * count + c]
      means.data[c * SAMPLES + s] = mean
    }
  }
  const deviations = atTarget.deviations.map((deviation, c) => {
    let variance = deviation * deviation
    for (let i = 0; i < n; i++) variance -= solved[i * count + c] ** 2
    return Math.sqrt(Math.max(1e-12, variance))
  })
  return logNoisyExpectedImprovement(means, deviations, sampledIncumbents(samples))
}

function bestOf({ model }: Outlook, baseline: GpProjection): GpProjection {
  const ranked = [...baseline.means.keys()].sort((a, b) => baseline.means[b] - baseline.means[a])
  const kept = ranked.slice(0, MOST_BASELINE)
  if (kept.length === ranked.length) return baseline
  return model.posterior.at({
    points: selectRows(baseline.points, kept),
    fidelity: Int32Array.from(kept, (i) => baseline.fidelity[i]),
  })
}
