import type { Explanation } from '../../explanation.js'
import { toMixture } from '../../mixture/index.js'
import type { Space } from '../../mixture/types.js'
import { Z_90 } from '../../normal-distribution.js'
import { createRowMatrix, type RowMatrix, rowOf } from '../../row-matrix.js'
import type { FidelityJudgement, RankAgreement } from './guard.js'
import { learnedCorrelation, type Model, pointsOf } from './model.js'
import { type Runs, rowsAt } from './runs.js'
import type { Situation } from './situation.js'
import type { Guarded } from './surrogate.js'

/** Points of a response curve. */
const POINTS = 21

/**
 * What the model of the objective has learned, for people.
 * @param all the situation before the guard dropped fidelities
 * @param candidates (k × m) feasible mixtures among which the best at each fidelity is sought
 */
export function explain(
  all: Situation,
  { judgements }: Guarded,
  model: Model,
  proposal: Float64Array,
  candidates: RowMatrix,
): Explanation {
  const { space } = all.compiled
  return {
    fidelities: all.runs.fidelities.map((name, m) =>
      fidelityExplained(all, m, model, judgementOf(judgements, name), candidates),
    ),
    correlations: pairsOf(model.runs.fidelities.length).map(([one, other]) => ({
      between: [model.runs.fidelities[one], model.runs.fidelities[other]],
      correlation: clamped(learnedCorrelation(model, one, other)),
    })),
    responses: space.names
      .map((domain, j) => ({ domain, points: response(model, space, proposal, j) }))
      .filter(({ points }) => points.length > 0),
  }
}

const judgementOf = (judgements: readonly FidelityJudgement[], name: string) =>
  judgements.find(({ fidelity }) => fidelity === name)

const clamped = (value: number) => Math.max(-1, Math.min(1, value))

function pairsOf(count: number): [number, number][] {
  const places = [...Array(count).keys()]
  return places.flatMap((one) =>
    places.slice(one + 1).map((other): [number, number] => [one, other]),
  )
}

function fidelityExplained(
  { runs, costs, compiled }: Situation,
  m: number,
  model: Model,
  judgement: FidelityJudgement | undefined,
  candidates: RowMatrix,
): Explanation['fidelities'][number] {
  const name = runs.fidelities[m]
  const count = rowsAt(runs, m).length
  const place = model.runs.fidelities.indexOf(name)
  return {
    name,
    runs: count,
    cost: costs[m],
    spent: count * costs[m],
    used: place >= 0,
    shared: judgement?.shared ?? 0,
    withTarget: agreement(judgement?.withTarget),
    withItself: agreement(judgement?.withItself),
    best: place < 0 ? null : predictedBest(model, compiled.space, place, candidates),
    trace: traceOf(runs, m),
  }
}

const agreement = (given: RankAgreement | undefined) => (given ? { ...given } : null)

function predictedBest(model: Model, space: Space, place: number, candidates: RowMatrix) {
  const { means, deviations } = model.posterior.at(pointsOf(model, candidates, place))
  const best = means.reduce((kept, mean, i) => (mean > means[kept] ? i : kept), 0)
  const { mean, sd } = objectiveAt(model, place, means[best], deviations[best])
  return { weights: toMixture(space, rowOf(candidates, best)), mean, sd }
}

/** A standardised score of a fidelity as an objective of it: lower is better. */
export function objectiveAt(
  { standardisation }: Pick<Model, 'standardisation'>,
  m: number,
  mean: number,
  deviation: number,
) {
  const scale = standardisation.deviations[m]
  return { mean: -(standardisation.means[m] + scale * mean), sd: scale * deviation }
}

/** In the order in which the runs are given. */
function traceOf(runs: Runs, m: number): { run: number; objective: number }[] {
  let best = Number.POSITIVE_INFINITY
  return rowsAt(runs, m).flatMap((i, n) => {
    const objective = -runs.scores[i]
    if (objective >= best) return []
    best = objective
    return [{ run: n + 1, objective }]
  })
}

/** Along the line through the proposal on which one weight changes; none for a weight that cannot. */
function response(model: Model, space: Space, proposal: Float64Array, j: number) {
  const [low, high] = [space.lower[j], space.upper[j]]
  if (!(high > low)) return []
  const line = createRowMatrix(POINTS, proposal.length)
  for (let i = 0; i < POINTS; i++) {
    const weight = low + ((high - low) * i) / (POINTS - 1)
    rowOf(line, i).set(withWeight(proposal, j, weight))
  }
  const { means, deviations } = model.posterior.at(pointsOf(model, line, model.target))
  return Array.from(means, (_, i) => {
    const { mean, sd } = objectiveAt(model, model.target, means[i], deviations[i])
    const weight = rowOf(line, i)[j]
    return { weight, mean, lower: mean - Z_90 * sd, upper: mean + Z_90 * sd }
  })
}

function withWeight(proposal: Float64Array, j: number, weight: number): Float64Array {
  const rest = 1 - proposal[j]
  const others = proposal.length - 1
  return proposal.map((own, k) => {
    if (k === j) return weight
    return rest > 0 ? (own * (1 - weight)) / rest : (1 - weight) / others
  })
}
