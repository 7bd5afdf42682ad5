/**
 * A correlation between two mixtures that depends on r² = Σⱼ (xⱼ − x'ⱼ)² / ℓⱼ², with a length-scale ℓⱼ for each coordinate. 1 at
 * r = 0.
 */
export interface MixtureKernel {
  readonly name: 'matern-5/2' | 'rbf'
  /** κ(r²). */
  value(squared: number): number
  /**
   * Writes κ(r²) and, where wanted, dκ/d(r²), at most 0, of the entries from ≤ i < to of `squared` to the same places.
   * @param values may be `squared` itself
   */
  evaluate(
    squared: Float64Array,
    values: Float64Array,
    slopes: Float64Array | undefined,
    from: number,
    to: number,
  ): void
}

const ROOT_5 = Math.sqrt(5)

/** (1 + √5 r + 5/3 r²) e^(−√5 r): twice differentiable functions (Rasmussen and Williams 2006, eq. 4.17). */
export const MATERN_5_2: MixtureKernel = {
  name: 'matern-5/2',
  value(squared) {
    const scaled = ROOT_5 * Math.sqrt(squared)
    return (1 + scaled + (5 / 3) * squared) * Math.exp(-scaled)
  },
  evaluate(squared, values, slopes, from, to) {
    for (let i = from; i < to; i++) {
      const own = squared[i]
      const scaled = ROOT_5 * Math.sqrt(own)
      const decay = Math.exp(-scaled)
      values[i] = (1 + scaled + (5 / 3) * own) * decay
      if (slopes) slopes[i] = -(5 / 6) * (1 + scaled) * decay
    }
  },
}

/** e^(−r²/2): infinitely smooth functions (Rasmussen and Williams 2006, eq. 4.9). */
export const RBF: MixtureKernel = {
  name: 'rbf',
  value: (squared) => Math.exp(-0.5 * squared),
  evaluate(squared, values, slopes, from, to) {
    for (let i = from; i < to; i++) {
      const value = Math.exp(-0.5 * squared[i])
      values[i] = value
      if (slopes) slopes[i] = -0.5 * value
    }
  },
}

export const MIXTURE_KERNELS = { [MATERN_5_2.name]: MATERN_5_2, [RBF.name]: RBF } as const
