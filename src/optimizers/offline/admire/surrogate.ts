import type { Rng } from '../../random.js'
import type { Memo } from '../../types.js'
import { type FidelityJudgement, judgeFidelities } from './guard.js'
import { fitModel, type Model } from './model.js'
import type { AdmireParams } from './params.js'
import { restrictRuns } from './runs.js'
import { restrictSituation, type Situation } from './situation.js'

/** The model that suggestions and recommendations go by, once the guard has looked at it. */
export interface Guarded {
  /** Undefined when the guard left no run to learn from. */
  readonly model: Model | undefined
  /** With the fidelities of the model only. */
  readonly situation: Situation
  /** One for each fidelity below the target that has runs, kept or not. */
  readonly judgements: readonly FidelityJudgement[]
}

/**
 * Fits the model to all fidelities and, where the guard drops some, again without them.
 * @throws RangeError without a run
 */
export function fitGuarded(
  situation: Situation,
  params: AdmireParams,
  rng: Rng,
  memo?: Memo,
): Guarded {
  const { space } = situation.compiled
  const learn = (at: Situation) =>
    fitModel(at.runs, { space, params, costs: at.costs, rng: rng.fork('model'), memo })
  const model = learn(situation)
  if (params.replicate || model.target === 0) return { model, situation, judgements: [] }
  const judgements = judgeFidelities(model, params.leastCorrelation)
  const kept = [...judgements.keys()].filter((m) => judgements[m].kept)
  if (kept.length === judgements.length) return { model, situation, judgements }
  const places = [...kept, model.target]
  const runs = restrictRuns(situation.runs, places)
  const reduced = restrictSituation(situation, runs, places)
  // Something has to be run, even if little is learned from it.
  if (reduced.offered.length === 0) return { model, situation, judgements }
  const left = runs.scores.length > 0 ? learn(reduced) : undefined
  return { model: left, situation: reduced, judgements }
}
