import type { Rng } from './random.js'

/**
 * Logarithm of a Gamma(d + 1/3) variate of rate 1 (Marsaglia and Tsang 2000).
 * @param d at least 2/3
 * @param c 1/√(9 d), which many draws share
 */
export function logGammaVariate(d: number, c: number, rng: Rng): number {
  for (;;) {
    const x = rng.normal()
    const base = 1 + c * x
    if (base <= 0) continue
    const v = base * base * base
    const u = rng.uniformOpen()
    const squeeze = x * x
    if (u < 1 - 0.0331 * squeeze * squeeze) return Math.log(d * v)
    if (Math.log(u) < 0.5 * squeeze + d * (1 - v + Math.log(v))) return Math.log(d * v)
  }
}
