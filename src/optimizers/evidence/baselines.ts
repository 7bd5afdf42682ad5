import { groupReplicates } from '../distinct-mixtures.js'
import { toMixture } from '../mixture/index.js'
import { uniformMixture } from '../mixture/reference-mixtures.js'
import type { Space } from '../mixture/types.js'
import type { ScalarObjective } from '../objective.js'
import type { CompleteProblem } from '../problem.js'
import type { Rng } from '../random.js'
import type { BaselineEvidence } from '../recommendation.js'
import { rowMatrixFrom, rowOf } from '../row-matrix.js'
import type { RunTable } from '../types.js'
import {
  type Judge,
  nearestFeasible,
  predictedObjective,
  predictMetrics,
  probabilityOfBeating,
} from './comparison.js'

/** A baseline as evidence, and as numbers for the verdict. */
export interface JudgedBaseline {
  evidence: BaselineEvidence
  weights: Float64Array
}

interface Candidate {
  name: BaselineEvidence['name']
  weights: Float64Array
  observed: Record<string, number> | null
}

/** The natural and uniform mixtures and the best run, each held against the proposal. */
export function judgeBaselines(
  problem: CompleteProblem,
  space: Space,
  training: RunTable,
  judge: Judge,
  proposal: Float64Array,
  rng: Rng,
): JudgedBaseline[] {
  const candidates: Candidate[] = [
    { name: 'natural', weights: space.prior.slice(), observed: null },
    { name: 'uniform', weights: uniformMixture(space), observed: null },
  ]
  const best = bestObserved(problem, space, training, judge.objective)
  if (best) candidates.push({ name: 'best-observed', ...best })
  return candidates.map((candidate, i) => {
    const { weights, feasible } = nearestFeasible(space, candidate.weights)
    return {
      weights,
      evidence: {
        name: candidate.name,
        weights: toMixture(space, weights),
        feasible,
        objective: predictedObjective(judge, rowMatrixFrom([weights]))[0],
        predictions: predictMetrics(judge.models, weights),
        observed: candidate.observed,
        probabilityOfBeating: probabilityOfBeating(judge, proposal, weights, rng.fork('rival', i)),
      },
    }
  })
}

/**
 * The mixture whose measured objective, averaged over its replicates, is best among those that meet the constraints, or among all
 * when none does. Undefined when no run has every metric of the objective.
 */
export function bestObserved(
  problem: CompleteProblem,
  space: Space,
  training: RunTable,
  objective: ScalarObjective,
): { weights: Float64Array; observed: Record<string, number> } | undefined {
  const { groupOf, count } = groupReplicates(training.normalised)
  const means = new Map(
    problem.metrics.map(({ name }) => [
      name,
      replicateMeans(training.values.get(name), groupOf, count),
    ]),
  )
  const oriented = objective.terms.map(({ metric }) => {
    const sign =
      problem.metrics.find(({ name }) => name === metric)?.direction === 'maximize' ? -1 : 1
    return (means.get(metric) as Float64Array).map((value) => sign * value)
  })
  const measured = objective.combine(oriented)
  const first = new Int32Array(count).fill(-1)
  groupOf.forEach((group, i) => {
    if (first[group] < 0) first[group] = i
  })
  const ranked = Array.from({ length: count }, (_, group) => group)
    .filter((group) => Number.isFinite(measured[group]))
    .sort((a, b) => measured[a] - measured[b])
  const rowFor = (group: number) => rowOf(training.normalised, first[group])
  const chosen = ranked.find((group) => nearestFeasible(space, rowFor(group)).feasible) ?? ranked[0]
  if (chosen === undefined) return undefined
  return {
    weights: rowFor(chosen).slice(),
    observed: Object.fromEntries(
      [...means]
        .map(([name, values]) => [name, values[chosen]])
        .filter(([, v]) => Number.isFinite(v)),
    ),
  }
}

/** Mean over the replicates of each mixture; NaN where none has the metric. */
function replicateMeans(
  values: Float64Array | undefined,
  groupOf: Int32Array,
  count: number,
): Float64Array {
  const sums = new Float64Array(count)
  const counts = new Int32Array(count)
  values?.forEach((value, i) => {
    if (!Number.isFinite(value)) return
    sums[groupOf[i]] += value
    counts[groupOf[i]]++
  })
  return sums.map((sum, group) => (counts[group] > 0 ? sum / counts[group] : Number.NaN))
}
