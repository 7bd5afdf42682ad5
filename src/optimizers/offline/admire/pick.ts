import type { PickInput } from '../../types.js'
import { lowestFinite } from '../picks.js'
import { pointsOf } from './model.js'
import type { AdmireParams } from './params.js'
import { assess } from './situation.js'
import { fitGuarded } from './surrogate.js'

/** The candidate with the best posterior mean at the target. */
export function pick(input: PickInput<AdmireParams>): number | undefined {
  const { params, rng, memo, target, candidates } = input
  const run = input.completed.map(({ fidelity }) => fidelity)
  const situation = assess({ ...input, offered: [...run, target], target })
  if (situation.runs.scores.length === 0) return undefined
  const { model } = fitGuarded(situation, params, rng, memo)
  if (!model) return undefined
  const { means } = model.posterior.at(pointsOf(model, candidates, model.target))
  return lowestFinite(means.map((mean) => -mean))
}
