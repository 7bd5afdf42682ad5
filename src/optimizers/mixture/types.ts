import type { SpaceSpec } from '../problem.js'

/**
 * A linear constraint `minimum ≤ Σ_{i ∈ members} w_i ≤ maximum` on several domains.
 * The simplex itself (Σ w = 1, w ≥ 0) is always implied.
 */
export interface GroupConstraint {
  readonly name: string
  readonly members: Int32Array
  readonly minimum: number
  readonly maximum: number
}

/** Where a domain's upper bound comes from; the tightest wins. */
export type UpperSource = 'simplex' | 'maxWeight' | 'fixedWeight' | 'maxEpochs'

/** A compiled mixture space over m domains. Arrays have m entries in `names` order, fixed for good. */
export interface Space {
  readonly spec: SpaceSpec
  readonly names: readonly string[]
  readonly indexOf: ReadonlyMap<string, number>
  /** Lower bounds, in [0, 1]. */
  readonly lower: Float64Array
  /** Upper bounds, in [0, 1]: the smallest of 1, maxWeight, and maxEpochs · tokens / targetTokens. */
  readonly upper: Float64Array
  readonly upperSource: readonly UpperSource[]
  readonly groups: readonly GroupConstraint[]
  /** The natural mixture q: ≥ 0, sums to 1. It may lie outside the constraints. */
  readonly prior: Float64Array
  /** Tokens per domain; NaN where unknown. */
  readonly tokens: Float64Array
  readonly maxEpochs: Float64Array
  readonly targetTokens: number | null
}
