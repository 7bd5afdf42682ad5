import type { RowMatrix } from '../../row-matrix.js'
import { conditionOn, type Model, noiseAt, pointsOf } from './model.js'
import type { Outlook } from './outlook.js'
import { restrictRuns, rowsAt } from './runs.js'
import type { Situation } from './situation.js'
import { logImprovement } from './utilities.js'

/** Runs in a row that have to promise too little. */
const PATIENCE = 3
/** Of the standard deviation of the noise: an improvement that no run could show. */
const NEGLIGIBLE = 0.01

/**
 * Whether nothing more is to be expected: for three runs at the target, the largest expected improvement there has been below 1 % of
 * the standard deviation of its noise. The runs before are looked at with today's hyper-parameters.
 * @param mixtures (k × m) that could be run
 */
export function hasConverged(model: Model, situation: Situation, mixtures: RowMatrix): boolean {
  const atTarget = rowsAt(model.runs, model.target)
  if (atTarget.length < PATIENCE || mixtures.rows === 0) return false
  const limit = Math.log(NEGLIGIBLE * Math.sqrt(noiseAt(model, model.target)))
  const all = [...model.runs.fidelities.keys()]
  for (let back = 0; back < PATIENCE; back++) {
    const last = new Set(atTarget.slice(atTarget.length - back))
    const before = conditionOn(
      model,
      restrictRuns(model.runs, all, (i) => !last.has(i)),
    )
    if (largestImprovement(before, situation, mixtures) >= limit) return false
  }
  return true
}

/** Without the trials under way: what they will tell is not known yet. */
function largestImprovement(model: Model, situation: Situation, mixtures: RowMatrix): number {
  const outlook: Outlook = {
    model,
    situation: withoutPending(situation),
    known: model.posterior.size,
    fantasies: [new Float64Array(0)],
  }
  const atTarget = model.posterior.at(pointsOf(model, mixtures, model.target))
  return logImprovement(outlook, atTarget).reduce((a, b) => Math.max(a, b))
}

function withoutPending(situation: Situation): Situation {
  const { columns } = situation.pending.weights
  const weights = { data: new Float64Array(0), rows: 0, columns }
  return { ...situation, pending: { weights, fidelity: new Int32Array(0) } }
}
