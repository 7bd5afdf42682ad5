import type { PickInput } from '../../types.js'
import { pickBestMeasured } from '../picks.js'
import { nearestMixture } from './nearest-mixture.js'
import { orderedFidelities, triedAt } from './rungs.js'

/**
 * The candidate with the best measurement at the target; without any, the one nearest (Hellinger) to the best mixture at the
 * fidelity closest to the target that has a result.
 */
export function pickBestOfHighestRung<P>(input: PickInput<P>): number | undefined {
  const measured = pickBestMeasured(input)
  if (measured !== undefined) return measured
  for (const fidelity of orderedFidelities(input).reverse()) {
    const [best] = triedAt(input, fidelity)
      .mixtures.filter(({ objective }) => Number.isFinite(objective))
      .toSorted((a, b) => a.objective - b.objective)
    if (best) return nearestMixture(input.candidates, best.weights)?.row
  }
  return undefined
}
