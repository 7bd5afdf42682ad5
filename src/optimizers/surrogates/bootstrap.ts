import { Type } from 'typebox'
import type { Rng } from '../random.js'

export const ReplicatesSchema = Type.Integer({
  minimum: 2,
  maximum: 2000,
  default: 100,
  description: 'Bootstrap replicates behind the intervals.',
})

/**
 * Row weights of one bootstrap replicate over runs: standard exponentials scaled to sum to n, that
 * is n · Dirichlet(1, …, 1) (the Bayesian bootstrap, Rubin 1981). It has the mean and, up to n / (n
 * + 1), the covariance of the counts of resampling rows with replacement. We prefer it to counts
 * because every run keeps some weight: with little more than m + 1 runs, counts leave about a third
 * of the mixtures out, and nearly every replicate of a fit with m + 1 parameters would be
 * degenerate.
 */
export function bootstrapWeights(rows: number, rng: Rng): Float64Array {
  const weights = Float64Array.from({ length: rows }, () => -Math.log(rng.uniformOpen()))
  let sum = 0
  for (const weight of weights) sum += weight
  for (let i = 0; i < rows; i++) weights[i] *= rows / sum
  return weights
}

/**
 * Standard deviation of a new run at n points: √(variance over the replicates' means +
 * residualSd²).
 * @param evaluate writes replicate b's means at the n points
 */
export function spreadOverReplicates(
  points: number,
  replicates: number,
  residualSd: number,
  evaluate: (replicate: number, out: Float64Array) => void,
): Float64Array {
  const draw = new Float64Array(points)
  const centre = new Float64Array(points)
  const squares = new Float64Array(points)
  for (let b = 0; b < replicates; b++) {
    evaluate(b, draw)
    for (let i = 0; i < points; i++) {
      const step = draw[i] - centre[i]
      centre[i] += step / (b + 1)
      squares[i] += step * (draw[i] - centre[i])
    }
  }
  return squares.map((sum) => Math.sqrt(sum / Math.max(1, replicates - 1) + residualSd ** 2))
}

/** Every replicate's means at n points, one array a replicate. */
export function drawsOfReplicates(
  points: number,
  replicates: number,
  evaluate: (replicate: number, out: Float64Array) => void,
): Float64Array[] {
  return Array.from({ length: replicates }, (_, b) => {
    const draw = new Float64Array(points)
    evaluate(b, draw)
    return draw
  })
}
