import { temperedPrior } from './temper.js'
import type { Space } from './types.js'

/** The mixtures everything else has to beat. Each has m entries that sum to 1; none looks at the constraints. */

/** p_i = 1/m (stratified). */
export function uniformMixture(space: Space): Float64Array {
  return new Float64Array(space.names.length).fill(1 / space.names.length)
}

/** p_i ∝ N_i^{1/τ}: τ = 1 is the prior, larger τ moves towards uniform. Domains with an empty prior stay at 0. */
export function temperatureMixture(space: Space, temperature: number): Float64Array {
  return temperedPrior(space.prior, 1 / temperature)
}

/** The natural mixture with its zeros at 1e-12, so that every mixture has a finite divergence from it (Olmix, arXiv 2602.12237). */
export function flooredPrior(prior: Float64Array): Float64Array {
  const floored = prior.map((share) => Math.max(share, 1e-12))
  const total = floored.reduce((sum, share) => sum + share, 0)
  return floored.map((share) => share / total)
}

export interface UnimaxMixture {
  weights: Float64Array
  /** Tokens of the budget that no domain could supply within its epochs; > 0 when every domain is at its cap. */
  unusedTokens: number
}

/**
 * UniMax (arXiv 2304.09151): as uniform as possible with no domain repeated more than N times. Domains are visited from the
 * smallest; each takes an equal share of what is left, or N passes over itself.
 * @param tokens m token counts, > 0
 * @param maxEpochs N > 0
 * @param budget B > 0, tokens of the target run
 */
export function unimaxMixture(
  tokens: ArrayLike<number>,
  maxEpochs: number,
  budget: number,
): UnimaxMixture {
  const order = Array.from({ length: tokens.length }, (_, j) => j).sort(
    (a, b) => tokens[a] - tokens[b],
  )
  const taken = new Float64Array(tokens.length)
  let left = budget
  order.forEach((j, k) => {
    taken[j] = Math.min(left / (order.length - k), maxEpochs * tokens[j])
    left -= taken[j]
  })
  const total = taken.reduce((sum, share) => sum + share, 0)
  return { weights: taken.map((share) => share / total), unusedTokens: Math.max(0, left) }
}
