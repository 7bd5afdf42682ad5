import { advisedMixtures, groupReplicates } from '../distinct-mixtures.js'
import { countMixtures, missingRuns, predictedObjective } from '../evidence/index.js'
import { compileObjective, measuredObjective, metricsOfObjective } from '../objective.js'
import { stackRows } from '../row-matrix.js'
import { fitMetricMeans, metricData } from '../surrogates/index.js'
import type { SurrogateName } from '../surrogates/types.js'
import type { CompiledProblem, PickInput, RunTable } from '../types.js'
import type { SurrogateParams } from './surrogate-params.js'

/** The candidate with the best objective measured at the target fidelity, over its replicates; for methods without a model. */
export function pickBestMeasured<P>(input: PickInput<P>): number | undefined {
  const { compiled, completed, target, candidates } = input
  const runs = completed.find(({ fidelity }) => fidelity === target)
  if (!runs) return undefined
  const measured = measuredObjective(compiled.problem, runs)
  const { groupOf } = groupReplicates(stackRows([candidates, runs.normalised], candidates.columns))
  const sums = new Map<number, { sum: number; count: number }>()
  measured.forEach((value, i) => {
    if (!Number.isFinite(value)) return
    const group = groupOf[candidates.rows + i]
    const { sum, count } = sums.get(group) ?? { sum: 0, count: 0 }
    sums.set(group, { sum: sum + value, count: count + 1 })
  })
  const means = Float64Array.from({ length: candidates.rows }, (_, k) => {
    const own = sums.get(groupOf[k])
    return own ? own.sum / own.count : Number.POSITIVE_INFINITY
  })
  return lowestFinite(means)
}

/**
 * The candidate with the best prediction of a surrogate fitted to each metric of the objective. It learns from the target, or else the
 * fidelity closest to the target run, that has as many mixtures as are advised, 3 (m + 1); where none has, from the one with most.
 */
export function pickPredicted<P extends SurrogateParams>(
  { compiled, params, completed, candidates, target, rng }: PickInput<P>,
  surrogate: SurrogateName,
): number | undefined {
  const { problem } = compiled
  const runs = closestSufficient(compiled, completed, target)
  if (!runs) return undefined
  const models = new Map(
    metricsOfObjective(problem).map((metric) => [
      metric.name,
      fitMetricMeans({
        data: metricData(runs, metric),
        surrogate,
        params: params.surrogates[surrogate],
        rng: rng.fork('pick'),
      }),
    ]),
  )
  const judge = { objective: compileObjective(problem, runs), models }
  return lowestFinite(predictedObjective(judge, candidates))
}

/** With fewer mixtures than are advised, a closer fidelity tells less than one that has as many. */
function closestSufficient(
  { problem, space }: CompiledProblem,
  completed: readonly RunTable[],
  target: string,
): RunTable | undefined {
  const orders = new Map(problem.fidelities.map(({ name, order }) => [name, order]))
  const closeness = ({ fidelity }: RunTable) =>
    fidelity === target ? Number.POSITIVE_INFINITY : (orders.get(fidelity) ?? 0)
  const sufficient = completed
    .filter((runs) => missingRuns(problem, countMixtures(problem, space, runs)).length === 0)
    .toSorted((a, b) => closeness(b) - closeness(a))
  const mixturesOf = (runs: RunTable) => countMixtures(problem, space, runs).distinct
  return (
    sufficient.find((runs) => mixturesOf(runs) >= advisedMixtures(space.names.length)) ??
    sufficient.toSorted((a, b) => mixturesOf(b) - mixturesOf(a))[0]
  )
}

/** The place of the lowest finite value; undefined without any. */
export function lowestFinite(values: Float64Array): number | undefined {
  let best: number | undefined
  values.forEach((value, i) => {
    if (Number.isFinite(value) && (best === undefined || value < values[best])) best = i
  })
  return best
}
