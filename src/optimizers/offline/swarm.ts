import { l1Distance } from '../mixture/distance.js'
import {
  fromMixture,
  type RegmixSamplingOptions,
  sampleRegmix,
  toMixture,
} from '../mixture/index.js'
import { rowOf } from '../row-matrix.js'
import type { SuggestInput, Suggestion } from '../types.js'

/** Mixtures closer than this in L1 count as the same trial (RegMix rounds to about this). */
const SAME_MIXTURE = 1e-3

/**
 * Mixtures to try, by RegMix's Step A sampler within the constraints, without those already tried or being tried. Weights sum to 1.
 * The stream is named by how many mixtures the study has, so equal calls suggest the same and later calls something new.
 */
export function suggestSwarm<P>(
  { compiled, completed, active, count, rng }: SuggestInput<P>,
  options: Partial<RegmixSamplingOptions>,
): Suggestion[] {
  const { space, problem } = compiled
  const known = [
    ...Array.from({ length: completed.normalised.rows }, (_, i) => rowOf(completed.normalised, i)),
    ...active.map(({ weights }) => fromMixture(space, weights)),
  ]
  const rows = sampleRegmix(
    space,
    { ...options, renormalise: true },
    count + known.length,
    rng.fork('swarm', known.length),
  )
  const cheapest = problem.fidelities.toSorted((a, b) => a.cost - b.cost)[0].name
  return Array.from({ length: rows.rows }, (_, i) => rowOf(rows, i))
    .filter((row) => known.every((other) => l1Distance(row, other) > SAME_MIXTURE))
    .slice(0, count)
    .map((row) => ({
      weights: toMixture(space, row),
      fidelity: cheapest,
      reason: 'One of a swarm drawn around the natural mixture (RegMix, Step A).',
    }))
}
