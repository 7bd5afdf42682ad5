/** The natural mixture of The Pile in the order of RegMix's tables (arXiv 2407.01492). */
export const PILE_PRIOR = [
  0.113285273, 0.079608651, 0.003913491, 0.185375901, 0.051081359, 0.015962925, 0.101750772,
  0.003707518, 0.066529351, 0.001750772, 0.027085479, 0.236869207, 0.01184346, 0.007929969,
  0.008032956, 0.038825953, 0.046446962,
]

/** Domain name → share. */
export function pilePrior(domains: readonly string[]): Record<string, number> {
  return Object.fromEntries(domains.map((domain, j) => [domain, PILE_PRIOR[j]]))
}
