import type { Rng } from '../../random.js'
import { mean, pearson } from '../statistics.js'
import { fromOrigin, type LawCoordinates } from './coordinates.js'

const FLOORS = 10
/** e^logC lies between these shares of the mean value, on a logarithmic grid. */
const LOWEST_FLOOR = Math.exp(-3.75)
const HIGHEST_FLOOR = Math.exp(-0.25)
const SLOPE_NOISE = 0.5
const STEEPEST_SLOPE = 30

/**
 * Starting points (logC, b, θ) for the law: Olmix's grid of ten logC and random exponents, made
 * free of the metric's unit.
 *
 * - Olmix's logC grid, linspace(−2, 1.5, 10), is the shares 0.02–0.78 of a loss of 5.7; here it is
 *   these shares of the mean value, and e^{t·p} starts as the rest.
 * - Olmix starts the exponent of the metric's own domain at −U(0, 1). A metric need not have an own
 *   domain, so the domain that lowers it most is taken (a random one in a third of the starts), and
 *   the exponent is drawn log-uniformly from −1 … −30 standard deviations of its weight: laws of a
 *   domain's own loss end far down there, and no mild start reached the best minimum of RegMix's
 *   arXiv loss, which a third of the steep ones reach.
 */
export function startingPoints(
  count: number,
  coordinates: LawCoordinates,
  values: Float64Array,
  rng: Rng,
): Float64Array[] {
  const domains = coordinates.scale.length
  const helpful = mostHelpfulDomain(coordinates, values)
  const level = mean(values)
  return Array.from({ length: count }, (_, start) => {
    const share = LOWEST_FLOOR * (HIGHEST_FLOOR / LOWEST_FLOOR) ** ((start % FLOORS) / (FLOORS - 1))
    const slopes = Float64Array.from({ length: domains }, () => SLOPE_NOISE * rng.normal())
    const steep = start % 3 === 2 ? rng.integer(domains) : helpful
    slopes[steep] -= STEEPEST_SLOPE ** rng.uniform()
    return fromOrigin(coordinates, Math.log(share * level), Math.log((1 - share) * level), slopes)
  })
}

/** The domain whose weight correlates most negatively with the values; 0 when none varies. */
function mostHelpfulDomain({ design, scale }: LawCoordinates, values: Float64Array): number {
  let best = 0
  let lowest = Number.POSITIVE_INFINITY
  for (let j = 0; j < scale.length; j++) {
    const column = Float64Array.from(values, (_, i) => design.data[i * design.columns + j + 1])
    const correlation = pearson(column, values)
    if (correlation !== null && correlation < lowest) {
      lowest = correlation
      best = j
    }
  }
  return best
}
