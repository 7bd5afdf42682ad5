import { proposeCandidates, refine } from '../../acquisition/index.js'
import { type Proposal, recommendFitted } from '../../evidence/index.js'
import { InvalidInputError } from '../../issue.js'
import { uniformMixture } from '../../mixture/reference-mixtures.js'
import type { Space } from '../../mixture/types.js'
import { createRng, type Rng } from '../../random.js'
import type { Warning } from '../../recommendation.js'
import { type RowMatrix, rowMatrixFrom, selectRows } from '../../row-matrix.js'
import type { RecommendInput, RecommendResult } from '../../types.js'
import { meanObjective } from './ascent.js'
import { explain, objectiveAt } from './explanation.js'
import { fitMetricModels } from './metric-models.js'
import { MOST_KNOWN, type Model, pointsOf } from './model.js'
import type { AdmireParams } from './params.js'
import { asPublished } from './replication.js'
import { countRuns, rowsAt } from './runs.js'
import { assess, type Situation } from './situation.js'
import { fitGuarded, type Guarded } from './surrogate.js'

/** Starts of the ascent, of all candidates. */
const CLIMBS = 10

/**
 * The mixture with the best posterior mean at the fidelity of the fit, within all constraints, with a Gaussian process for each metric
 * as evidence.
 * @throws InvalidInputError `too-few-runs` when no run has every metric of the objective
 */
export function recommend(input: RecommendInput<AdmireParams>): RecommendResult {
  const { compiled, completed, others = [], seed, onProgress = () => {} } = input
  const params = asPublished(input.params)
  const tables = [completed, ...others]
  const target = completed.fidelity
  const offered = tables.map(({ fidelity }) => fidelity)
  const situation = assess({ compiled, params, completed: tables, active: [], offered, target })
  const rng = createRng(seed, 'admire')
  const total = compiled.problem.metrics.length + 1
  onProgress({ done: 0, total, message: 'objective: Gaussian process' })
  const guarded = situation.runs.scores.length > 0 ? fitGuarded(situation, params, rng) : undefined
  const model = guarded?.model
  if (!guarded || !model) throw tooFewRuns(target)
  const learned = fitMetricModels(input, model, guarded)
  const best = bestMean(compiled.space, model, params.candidates, rng)
  const result = recommendFitted({ name: 'admire' }, input, learned, ({ space, purpose }) =>
    purpose === 'recommend'
      ? { ...best, warnings: warningsOf(situation, guarded, model) }
      : bestMean(space, model, Math.min(params.candidates, 1000), rng),
  )
  const explanation = explain(situation, guarded, model, best.weights, best.candidates)
  return { ...result, recommendation: { ...result.recommendation, explanation } }
}

interface BestMean extends Proposal {
  candidates: RowMatrix
}

function bestMean(space: Space, model: Model, count: number, rng: Rng): BestMean {
  const candidates = proposeCandidates(space, {
    count,
    best: ranked(model, model.runs.weights, 3),
    references: [space.prior, uniformMixture(space)],
    rng: rng.fork('proposal'),
  })
  const starts = rowMatrixFrom(ranked(model, candidates, CLIMBS))
  const { weights } = refine(space, starts, meanObjective(model))
  const { means, deviations } = model.posterior.at(
    pointsOf(model, rowMatrixFrom([weights]), model.target),
  )
  const { mean, sd } = objectiveAt(model, model.target, means[0], deviations[0])
  const counts = countRuns(model.runs)
  const solver = {
    candidates: count,
    climbs: CLIMBS,
    predicted: mean,
    sd,
    runs: Object.fromEntries(model.runs.fidelities.map((name, m) => [name, counts[m]])),
  }
  return { weights, optimum: mean, solver, candidates }
}

function ranked(model: Model, rows: RowMatrix, count: number): Float64Array[] {
  const { means } = model.posterior.at(pointsOf(model, rows, model.target))
  const places = [...means.keys()].sort((a, b) => means[b] - means[a]).slice(0, count)
  const chosen = selectRows(rows, places)
  return places.map((_, k) => chosen.data.slice(k * rows.columns, (k + 1) * rows.columns))
}

function warningsOf({ runs }: Situation, { judgements }: Guarded, model: Model): Warning[] {
  const dropped = judgements
    .filter(({ kept }) => !kept)
    .map(({ fidelity, withTarget, withItself }) => ({
      code: 'fidelity-dropped' as const,
      message:
        `The runs at ${fidelity} are not used: their rank correlation with the target is estimated at ${withTarget.estimate.toFixed(2)} ` +
        `(${withTarget.pairs} pairs), with what their own runs predict at ${withItself.estimate.toFixed(2)} (${withItself.pairs} runs).`,
    }))
  return [...dropped, ...levelUnknown(model), ...runsLeftOut(runs.scores.length, model)]
}

function levelUnknown({ runs, target }: Model): Warning[] {
  if (rowsAt(runs, target).length > 0) return []
  const others = runs.fidelities.filter((_, m) => rowsAt(runs, m).length > 0).join(', ')
  const message =
    `No run at ${runs.fidelities[target]} has a score: predictions have the level and the spread of the runs at ${others}, and their ` +
    'intervals leave out how far these are from its own. What can be believed is the order of mixtures, as far as scales agree.'
  return [{ code: 'level-unknown', message }]
}

function runsLeftOut(found: number, model: Model): Warning[] {
  if (found <= MOST_KNOWN) return []
  const message = `The Gaussian process learned from ${model.runs.scores.length} of ${found} runs: all at the target, as far as they go, and a random part of the others.`
  return [{ code: 'runs-left-out', message }]
}

function tooFewRuns(fidelity: string): InvalidInputError {
  return new InvalidInputError(
    'there is no run to learn from',
    [
      {
        pointer: '/runs',
        detail: `At least one run with every metric of the objective is needed at the fidelity "${fidelity}", or at one that agrees with it.`,
      },
    ],
    'too-few-runs',
  )
}
