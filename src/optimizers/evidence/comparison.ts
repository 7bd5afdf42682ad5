import { largestViolation, projectKl } from '../mixture/index.js'
import type { Space } from '../mixture/types.js'
import { Z_90 } from '../normal-distribution.js'
import type { ScalarObjective } from '../objective.js'
import type { Rng } from '../random.js'
import type { MetricPrediction } from '../recommendation.js'
import { type RowMatrix, rowMatrixFrom } from '../row-matrix.js'
import type { MetricModel } from '../surrogates/index.js'

/** Each gives two pairs of runs. */
const COMPARISON_DRAWS = 2000

/** The fitted models of a study by metric, with the objective over them: what candidates are judged by. */
export interface Judge {
  readonly objective: ScalarObjective
  readonly models: ReadonlyMap<string, MetricModel>
}

/** Points (n × m) → n predicted objective values; lower is better. */
export function predictedObjective({ objective, models }: Judge, points: RowMatrix): Float64Array {
  return objective.combine(
    objective.terms.map(({ metric }) => modelOf(models, metric).orientedMean(points)),
  )
}

/** Every metric's prediction at one mixture, in the metric's own unit, with a 90 % interval for one run. */
export function predictMetrics(
  models: ReadonlyMap<string, MetricModel>,
  weights: Float64Array,
): MetricPrediction[] {
  const point = rowMatrixFrom([weights])
  return [...models.values()].map((model) => {
    const { mean, sd } = model.predict(point)
    return {
      metric: model.metric,
      mean: mean[0],
      sd: sd[0],
      lower: mean[0] - Z_90 * sd[0],
      upper: mean[0] + Z_90 * sd[0],
    }
  })
}

/**
 * The probability that one run of `proposal` scores better than one run of `rival`, by simulation: fitted means vary together
 * over bootstrap replicates where the surrogate has them, and each run adds its own noise. Every draw of noise is used both ways
 * round, so a mixture beats itself with probability 0.5 exactly, and the odds of two mixtures against each other sum to 1.
 */
export function probabilityOfBeating(
  { objective, models }: Judge,
  proposal: Float64Array,
  rival: Float64Array,
  rng: Rng,
): number {
  const points = rowMatrixFrom([proposal, rival])
  const sources = objective.terms.map(({ metric }) => {
    const model = modelOf(models, metric)
    const draws = model.orientedDraws?.(points) ?? [model.orientedMean(points)]
    return { draws, noise: model.fitted.residualSd }
  })
  const values = sources.map(() => new Float64Array(4))
  let wins = 0
  for (let s = 0; s < COMPARISON_DRAWS; s++) {
    sources.forEach(({ draws, noise }, k) => {
      const [ours, theirs] = draws[s % draws.length]
      const first = noise * rng.normal()
      const second = noise * rng.normal()
      values[k].set([ours + first, theirs + second, ours + second, theirs + first])
    })
    const [ours, theirs, oursSwapped, theirsSwapped] = objective.combine(values)
    wins += 0.5 * (win(ours, theirs) + win(oursSwapped, theirsSwapped))
  }
  return wins / COMPARISON_DRAWS
}

const win = (ours: number, theirs: number) => (ours < theirs ? 1 : ours === theirs ? 0.5 : 0)

/** The mixture itself when it meets every constraint, else the nearest one that does (in KL). */
export function nearestFeasible(
  space: Space,
  weights: Float64Array,
): { weights: Float64Array; feasible: boolean } {
  const feasible = largestViolation(space, weights) <= 1e-9
  return { weights: feasible ? weights : projectKl(space, weights), feasible }
}

export function modelOf(models: ReadonlyMap<string, MetricModel>, metric: string): MetricModel {
  const model = models.get(metric)
  if (!model) throw new RangeError(`no model was fitted for the metric "${metric}"`)
  return model
}
