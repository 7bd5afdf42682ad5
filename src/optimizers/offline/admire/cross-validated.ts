import { advisedMixtures, groupReplicates } from '../../distinct-mixtures.js'
import { permutation, type Rng } from '../../random.js'
import type { SurrogateEvidence } from '../../recommendation.js'
import { selectRows } from '../../row-matrix.js'
import { scores } from '../../surrogates/statistics.js'
import { freshModel, type Model, pointsOf } from './model.js'
import { type Runs, restrictRuns, rowsAt } from './runs.js'

/**
 * The runs of the fidelity closest to the target that has enough of them to tell, each predicted by a model whose hyper-parameters have
 * not seen its mixture either: with a length-scale for each domain they would learn noise by heart. Scores in their own unit.
 */
export function crossValidated(
  metric: string,
  model: Model,
  folds: number,
  rng: Rng,
): { evidence: SurrogateEvidence; count: number } {
  const { runs } = model
  const place = tellingFidelity(runs)
  const rows = rowsAt(runs, place)
  const { groupOf, count } = groupReplicates(selectRows(runs.weights, rows))
  const used = Math.min(folds, count)
  const foldOf = Array.from(permutation(count, rng.fork('folds')), (group) => group % used)
  const predicted = new Float64Array(rows.length)
  for (let fold = 0; fold < used && used > 1; fold++) {
    const out = new Set(rows.filter((_, k) => foldOf[groupOf[k]] === fold))
    predictLeftOut(model, place, out).forEach((value, i) => {
      predicted[rows.indexOf(i)] = value
    })
  }
  const measured = Float64Array.from(rows, (i) => -runs.scores[i])
  const at = runs.fidelities.length > 1 ? ` at ${runs.fidelities[place]}` : ''
  return {
    count,
    evidence: {
      metric,
      surrogate: 'gaussian-process',
      chosen: true,
      crossValidation: used > 1 ? { folds: used, ...scores(predicted, measured) } : null,
      reason: `Each of ${count} mixtures${at} predicted by a model fitted anew without it.`,
      details: { fidelity: runs.fidelities[place], runs: runs.scores.length },
    },
  }
}

/** Row → what a model fitted without these rows predicts there, lower being better. */
function predictLeftOut(
  model: Model,
  place: number,
  out: ReadonlySet<number>,
): Map<number, number> {
  const all = [...model.runs.fidelities.keys()]
  const rest = restrictRuns(model.runs, all, (i) => !out.has(i))
  const rows = [...out]
  if (rest.scores.length === 0) return new Map(rows.map((i) => [i, 0]))
  const fresh = freshModel(model, rest)
  const weights = selectRows(model.runs.weights, rows)
  const { means } = fresh.posterior.at(pointsOf(fresh, weights, place))
  const { standardisation } = fresh
  return new Map(
    rows.map((i, k) => [
      i,
      -(standardisation.means[place] + standardisation.deviations[place] * means[k]),
    ]),
  )
}

/**
 * The one closest to the target with as many mixtures as are advised for a fit, 3 (m + 1), or else the one with most: of few mixtures
 * even noise ranks some.
 */
function tellingFidelity(runs: Runs): number {
  const enough = advisedMixtures(runs.weights.columns)
  const distinct = runs.fidelities.map(
    (_, m) => groupReplicates(selectRows(runs.weights, rowsAt(runs, m))).count,
  )
  const places = [...distinct.keys()]
  return (
    places.toReversed().find((m) => distinct[m] >= enough) ??
    places.toSorted((a, b) => distinct[b] - distinct[a])[0]
  )
}
