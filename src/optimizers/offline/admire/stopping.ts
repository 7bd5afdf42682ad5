import type { Rng } from '../../random.js'
import { type RowMatrix, selectRows } from '../../row-matrix.js'
import { conditionOn, type Model, noiseAt, pointsOf } from './model.js'
import { logNoisyImprovement } from './noisy-improvement.js'
import type { Outlook } from './outlook.js'
import type { AdmireParams } from './params.js'
import { restrictRuns, rowsAt } from './runs.js'
import type { Situation } from './situation.js'
import { acquisitionOf, type Choices } from './utilities.js'

/** Runs in a row that have to promise too little. */
const PATIENCE = 3
/** Of the standard deviation of the noise: an improvement that no run could show. */
const NEGLIGIBLE = 0.01

/**
 * Whether nothing more is to be expected: for three runs at the target, the largest expected improvement there has been below 1 % of
 * the standard deviation of its noise. The runs before are looked at with today's hyper-parameters. The improvement is upon scores that
 * vary together with those of the mixtures: next to the best one there is doubt about both, and nothing to be gained.
 * @param offer what could be run
 */
export function hasConverged(
  model: Model,
  situation: Situation,
  offer: Choices,
  rng: Rng,
): boolean {
  const atTarget = rowsAt(model.runs, model.target)
  const mixtures = closestToTarget(offer)
  if (atTarget.length < PATIENCE || mixtures.rows === 0) return false
  const limit = Math.log(NEGLIGIBLE * Math.sqrt(noiseAt(model, model.target)))
  const all = [...model.runs.fidelities.keys()]
  for (let back = 0; back < PATIENCE; back++) {
    const last = new Set(atTarget.slice(atTarget.length - back))
    const before = conditionOn(
      model,
      restrictRuns(model.runs, all, (i) => !last.has(i)),
    )
    if (largestImprovement(before, situation, mixtures, rng.fork('back', back)) >= limit)
      return false
  }
  return true
}

/**
 * Whether the most that a run promises is less than `leastInformation`.
 * @param utility of the best run: ln of nats per cost (`logUtilities`)
 */
export function tellsTooLittle(
  model: Model,
  { costs }: Pick<Situation, 'costs'>,
  utility: number,
  params: Pick<AdmireParams, 'acquisition' | 'leastInformation'>,
): boolean {
  const { leastInformation: least } = params
  if (least === null || acquisitionOf(model, params) !== 'max-value-entropy') return false
  // Of one fidelity utilities are per run.
  const target = model.target > 0 ? costs[model.target] || 1 : 1
  return utility + Math.log(target) < Math.log(least)
}

/** What could be run at the fidelity closest to the target. */
function closestToTarget({ weights, fidelity }: Choices): RowMatrix {
  const closest = fidelity.reduce((a, b) => Math.max(a, b), 0)
  return selectRows(
    weights,
    [...fidelity.keys()].filter((k) => fidelity[k] === closest),
  )
}

/** Without the trials under way: what they will tell is not known yet. */
function largestImprovement(
  model: Model,
  situation: Situation,
  mixtures: RowMatrix,
  rng: Rng,
): number {
  const outlook: Outlook = {
    model,
    situation: withoutPending(situation),
    known: model.posterior.size,
    fantasies: [new Float64Array(0)],
  }
  const atTarget = model.posterior.at(pointsOf(model, mixtures, model.target))
  return logNoisyImprovement(outlook, atTarget, rng).reduce((a, b) => Math.max(a, b))
}

function withoutPending(situation: Situation): Situation {
  const { columns } = situation.pending.weights
  const weights = { data: new Float64Array(0), rows: 0, columns }
  return { ...situation, pending: { weights, fidelity: new Int32Array(0) } }
}
