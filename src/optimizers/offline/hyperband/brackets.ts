/** A bracket of Hyperband: how many mixtures are tried where. */
export interface Bracket {
  /** The rung at which its mixtures start; 0 is the one furthest from the target. */
  readonly entry: number
  /** Mixtures at the rungs entry, entry + 1, … up to the last one. */
  readonly sizes: readonly number[]
}

/**
 * The brackets of one round, the one that starts lowest first (Li et al. 2018, JMLR 18(185), algorithm 1): bracket s starts
 * n = ⌈(s_max + 1)/(s + 1) · η^s⌉ mixtures s rungs below the last, and i rungs above its start ⌊n η^−i⌋ of them are left. In the
 * paper rungs are budgets R η^−s, which makes s_max = ⌊log_η R⌋ and all brackets about equally dear. Here they are the fidelities
 * themselves, s_max is their number less 1, and what a bracket costs is what its runs cost.
 * @param rungs how many, ≥ 1
 * @param eta η, above 1
 */
export function bracketsOf(rungs: number, eta: number): Bracket[] {
  return Array.from({ length: rungs }, (_, entry) => {
    const s = rungs - 1 - entry
    const sizes = [Math.ceil((rungs * eta ** s) / (s + 1))]
    while (sizes.length <= s) sizes.push(Math.floor(sizes[0] / eta ** sizes.length))
    return { entry, sizes }
  })
}

/**
 * The rungs at which a new mixture may start, the preferred one first: where the bracket starts at which a synchronous Hyperband
 * would be after as many runs, then those of the brackets that come after it.
 * @param runs made or being made, at all rungs, ≥ 0
 */
export function entriesAfter(runs: number, brackets: readonly Bracket[]): number[] {
  const lengths = brackets.map(({ sizes }) => sizes.reduce((sum, size) => sum + size, 0))
  let left = runs % lengths.reduce((sum, length) => sum + length, 0)
  let current = 0
  while (left >= lengths[current]) {
    left -= lengths[current]
    current += 1
  }
  return [...brackets.slice(current), ...brackets.slice(0, current)].map(({ entry }) => entry)
}
