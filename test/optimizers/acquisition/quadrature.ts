/** Nodes and weights of the 5-point Gauss–Legendre rule on [−1, 1], in closed form. */
const INNER = Math.sqrt(5 - 2 * Math.sqrt(10 / 7)) / 3
const OUTER = Math.sqrt(5 + 2 * Math.sqrt(10 / 7)) / 3
const INNER_WEIGHT = (322 + 13 * Math.sqrt(70)) / 900
const OUTER_WEIGHT = (322 - 13 * Math.sqrt(70)) / 900
const RULE = [
  [-OUTER, OUTER_WEIGHT],
  [-INNER, INNER_WEIGHT],
  [0, 128 / 225],
  [INNER, INNER_WEIGHT],
  [OUTER, OUTER_WEIGHT],
]

/** ∫ f from `from` to `to`, by the 5-point Gauss–Legendre rule on each of so many panels. */
export function integrate(
  f: (x: number) => number,
  from: number,
  to: number,
  panels: number,
): number {
  const half = (to - from) / (2 * panels)
  let sum = 0
  for (let k = 0; k < panels; k++) {
    const middle = from + (2 * k + 1) * half
    for (const [node, weight] of RULE) sum += weight * f(middle + half * node)
  }
  return sum * half
}

/** Density of the standard normal distribution, written out again. */
export function gaussian(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
}
