import type { MixtureSet } from '../../mixture/index.js'
import { type RowMatrix, rowOf } from '../../row-matrix.js'
import type { PickInput } from '../../types.js'
import { lowestFinite } from '../picks.js'
import { triedAt } from './design.js'
import { pointsOf } from './model.js'
import type { AdmireParams } from './params.js'
import { asPublished, pickAsPublished } from './replication.js'
import { assess } from './situation.js'
import { fitGuarded, fitSituation } from './surrogate.js'

/** Standardised means that differ by no more are equal. */
const EQUAL = 1e-9

/** The candidate with the best posterior mean at the target. */
export function pick(input: PickInput<AdmireParams>): number | undefined {
  const { rng, memo, target, candidates } = input
  const params = asPublished(input.params)
  const run = input.completed.map(({ fidelity }) => fidelity)
  const situation = assess({ ...input, params, offered: [...run, target], target })
  if (situation.runs.scores.length === 0) return undefined
  // Where the guard leaves no run, the best guess is still that of the others.
  const model =
    fitGuarded(situation, params, rng, memo).model ?? fitSituation(situation, params, rng, memo)
  if (params.replicate) {
    // The stream of the suggestion that is due, so that both look at one sample of the best score.
    const stream = rng.fork('next', situation.runs.scores.length)
    return pickAsPublished(model, situation, candidates, stream)
  }
  const { means } = model.posterior.at(pointsOf(model, candidates, model.target))
  return bestOf(means, candidates, triedAt(situation, situation.runs.fidelities.indexOf(target)))
}

/** Of equals, as after a single run, the one that was run. */
function bestOf(means: Float64Array, candidates: RowMatrix, tried: MixtureSet): number | undefined {
  const best = lowestFinite(means.map((mean) => -mean))
  if (best === undefined) return undefined
  const run = [...means.keys()].find(
    (k) => means[best] - means[k] <= EQUAL && tried.has(rowOf(candidates, k)),
  )
  return run ?? best
}
