import { projectKl } from '../../mixture/index.js'
import { permutation } from '../../random.js'
import { rowOf } from '../../row-matrix.js'
import type { SuggestInput } from '../../types.js'
import { type NewMixtures, randomMixtures } from '../hyperband/suggest.js'
import type { KnownMixtures, NewMixture } from '../hyperband/untried.js'
import {
  type DensityModel,
  type DensityParams,
  fitDensityModel,
  logRatio,
} from './density-model.js'
import { fromIlr } from './inverse-ilr.js'
import { drawFromDensity } from './kernel-density.js'

export interface SamplingParams extends DensityParams {
  numSamples: number
  randomFraction: number
  bandwidthFactor: number
}

/**
 * BOHB's new mixtures: random ones with the probability `randomFraction` and as long as there is no model; else the one with the
 * largest l/g of `numSamples`, drawn from l with its bandwidths widened, within the range of the measured mixtures in every coordinate,
 * and moved to the nearest mixture (KL) within the constraints. In a replay, they are random candidates instead.
 */
export function modelBasedMixtures<P extends SamplingParams>(
  input: SuggestInput<P>,
): NewMixtures<P> {
  const { params, rng } = input
  const model = fitDensityModel(input)
  const usesModel = (position: number) =>
    rng.fork('model or random', position).uniform() >= params.randomFraction
  return {
    draw(state, known, count) {
      // Without a model, all at once: each random mixture alone takes a look at all that are known.
      if (!model) return randomMixtures.draw(state, known, count)
      const drawn: NewMixture[] = []
      while (drawn.length < count) {
        const mixture =
          (usesModel(known.size) && bestDraw(state, model, known)) ||
          randomMixtures.draw(state, known, 1)[0]
        if (!mixture) break
        known.add(mixture.weights)
        drawn.push(mixture)
      }
      return drawn
    },
    choose(state, candidates, fidelity, position) {
      if (!model || !usesModel(position)) {
        return randomMixtures.choose(state, candidates, fidelity, position)
      }
      const { rows, left } = candidates.at(fidelity)
      const order = permutation(left.length, rng.fork('samples', position))
      const samples = [...order.subarray(0, params.numSamples)].map((i) => left[i])
      const row = largest(samples, (sample) => logRatio(model, rowOf(rows, sample)))
      return { weights: rowOf(rows, row), row, reason: reasonFor(model, params) }
    },
  }
}

/** Undefined where all draws are known mixtures. */
function bestDraw<P extends SamplingParams>(
  { compiled, params, rng }: SuggestInput<P>,
  model: DensityModel,
  known: KnownMixtures,
): NewMixture | undefined {
  const { good, range } = model
  const stream = rng.fork('samples', known.size)
  const samples = Array.from({ length: params.numSamples }, () =>
    fromIlr(drawFromDensity(good, params.bandwidthFactor, range, stream)),
  )
    .map((weights) => projectKl(compiled.space, weights))
    .filter((weights) => !known.has(weights))
  if (samples.length === 0) return undefined
  const weights = largest(samples, (sample) => logRatio(model, sample))
  return { weights, reason: reasonFor(model, params) }
}

/** The first of the items with the largest value. */
function largest<T>(items: readonly T[], scoreOf: (item: T) => number): T {
  let best = items[0]
  let most = scoreOf(best)
  for (const item of items.slice(1)) {
    const value = scoreOf(item)
    if (value > most) {
      best = item
      most = value
    }
  }
  return best
}

function reasonFor(
  { good, fidelity, mixtures }: DensityModel,
  { numSamples }: SamplingParams,
): string {
  return `of ${numSamples} samples the one most like the best ${good.points.rows} of ${mixtures} mixtures at "${fidelity}" and least like the worst (BOHB)`
}
