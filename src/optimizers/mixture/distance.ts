/** KL(p‖q) in nats. Terms with p = 0 count 0; infinite where p > 0 and q = 0. */
export function klDivergence(p: ArrayLike<number>, q: ArrayLike<number>): number {
  let total = 0
  for (let j = 0; j < p.length; j++) {
    if (p[j] > 0) total += p[j] * Math.log(p[j] / q[j])
  }
  return Math.max(0, total)
}

/** Σ|p − q|, in [0, 2] for two mixtures. */
export function l1Distance(p: ArrayLike<number>, q: ArrayLike<number>): number {
  let total = 0
  for (let j = 0; j < p.length; j++) total += Math.abs(p[j] - q[j])
  return total
}
