import type { Rng } from '../../random.js'
import type { Memo } from '../../types.js'
import { type FidelityJudgement, judgeFidelities } from './guard.js'
import { memoKey } from './memo-key.js'
import { fitModel, type Model } from './model.js'
import type { AdmireParams } from './params.js'
import { restrictRuns } from './runs.js'
import { restrictSituation, type Situation } from './situation.js'
import { inputMap } from './specification.js'

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
 * Fits the model to the fidelities that the guard keeps.
 * @throws RangeError without a run
 */
export function fitGuarded(
  situation: Situation,
  params: AdmireParams,
  rng: Rng,
  memo?: Memo,
): Guarded {
  const { runs, compiled } = situation
  const learn = (at: Situation) => fitSituation(at, params, rng, memo)
  const target = runs.fidelities.length - 1
  const judge = () =>
    judgeFidelities(
      runs,
      inputMap(compiled.space, params),
      params.leastCorrelation,
      rng.fork('guard'),
    )
  const judgements =
    params.replicate || target === 0 ? [] : remembered(situation, params, rng, memo, judge)
  const kept = [...judgements.keys()].filter((m) => judgements[m].kept)
  const places = [...kept, target]
  const reduced = restrictSituation(situation, restrictRuns(runs, places), places)
  // Something has to be run, even if little is learned from it.
  const isEmpty = reduced.offered.length === 0
  if (isEmpty || kept.length === judgements.length) {
    return { model: learn(situation), situation, judgements }
  }
  const model = reduced.runs.scores.length > 0 ? learn(reduced) : undefined
  return { model, situation: reduced, judgements }
}

/**
 * The model of all fidelities of the situation, whatever they are worth.
 * @throws RangeError without a run
 */
export function fitSituation(
  { runs, compiled, costs }: Situation,
  params: AdmireParams,
  rng: Rng,
  memo?: Memo,
): Model {
  return fitModel(runs, { space: compiled.space, params, costs, rng: rng.fork('model'), memo })
}

/** What the guard found is the same as long as no run is added: trials under way say nothing. */
function remembered(
  { runs: { weights, fidelity, scores, variances, fidelities } }: Situation,
  { leastCorrelation, inputs }: AdmireParams,
  rng: Rng,
  memo: Memo | undefined,
  judge: () => FidelityJudgement[],
): FidelityJudgement[] {
  if (!memo) return judge()
  const data = [weights.data, fidelity, scores, variances]
  return memo.get(memoKey('guard', data, { fidelities, leastCorrelation, inputs }, rng), judge)
}
