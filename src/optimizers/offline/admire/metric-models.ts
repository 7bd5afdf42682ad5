import { groupReplicates } from '../../distinct-mixtures.js'
import { countMixtures, type FittedMetrics, type Learned } from '../../evidence/index.js'
import type { Space } from '../../mixture/types.js'
import { createRng } from '../../random.js'
import type { HoldoutEvidence } from '../../recommendation.js'
import { FittedGaussianProcess } from '../../surrogates/gaussian-process/index.js'
import {
  crossValidate,
  type MetricData,
  MetricModel,
  metricData,
  SURROGATES,
} from '../../surrogates/index.js'
import { orientedObservations } from '../../surrogates/metric-data.js'
import { fitMetricMeans } from '../../surrogates/metric-model.js'
import { mae, spearman } from '../../surrogates/statistics.js'
import type { RecommendInput, RunTable } from '../../types.js'
import { crossValidated } from './cross-validated.js'
import { type Model, refitModel } from './model.js'
import type { AdmireParams } from './params.js'
import { countRuns, gatherRuns, metricScoring } from './runs.js'
import { recipeOf } from './specification.js'
import type { Guarded } from './surrogate.js'

const CONTROL = 'single-domain'

/**
 * A Gaussian process for each metric, over the fidelities that the guard kept, with the evidence for it: every run of one fidelity
 * predicted from all others, beside the single best domain. The hyper-parameters begin at those of the objective.
 */
export function fitMetricModels(
  input: RecommendInput<AdmireParams>,
  model: Model,
  guarded: Guarded,
): Learned {
  const { compiled, completed, others = [], onProgress = () => {} } = input
  const { problem, space } = compiled
  const tables = [completed, ...others]
  const fitted: FittedMetrics = { models: new Map(), surrogates: [], holdouts: [] }
  const mixtures = new Map<string, number>()
  problem.metrics.forEach((metric, i) => {
    const report = {
      done: i + 2,
      total: problem.metrics.length + 1,
      message: `${metric.name}: Gaussian process`,
    }
    const runs = gatherRuns(
      space.names.length,
      tables,
      model.runs.fidelities,
      metricScoring(metric),
    )
    if (runs.scores.length > 0) {
      const own = refitModel(model, runs, createRng(input.seed, 'metric'))
      const gp = metricModel(metric, own, space, input.params, guarded)
      const { evidence, count } = crossValidated(
        metric.name,
        own,
        input.params.folds,
        createRng(input.seed, 'compare'),
      )
      mixtures.set(metric.name, count)
      fitted.models.set(metric.name, gp)
      fitted.surrogates.push(evidence)
      addControl(input, metricData(completed, metric), fitted)
      fitted.holdouts.push(...input.holdouts.map((holdout) => scored(holdout, gp, metric)))
    }
    onProgress(report)
  })
  const counts = countMixtures(problem, space, completed)
  return { counts: { ...counts, ofMetric: mixtures }, fitted }
}

type Metric = { name: string; direction: 'minimize' | 'maximize' }

function metricModel(
  { name, direction }: Metric,
  model: Model,
  space: Space,
  params: AdmireParams,
  { situation }: Guarded,
): MetricModel {
  const { standardisation, target, runs } = model
  const counts = countRuns(runs)
  const gp = new FittedGaussianProcess({
    recipe: recipeOf(model, space, params, situation.costs),
    hyperparameters: model.hyperparameters,
    observations: model.observations,
    mean: standardisation.means[target],
    deviation: standardisation.deviations[target],
    details: {
      runs: Object.fromEntries(runs.fidelities.map((fidelity, m) => [fidelity, counts[m]])),
    },
  })
  return new MetricModel(name, direction, { sign: direction === 'maximize' ? -1 : 1, shift: 0 }, gp)
}

/** The single best domain as predictor, at the fidelity of the fit. */
function addControl(
  { params, seed, holdouts, compiled }: RecommendInput<AdmireParams>,
  data: MetricData,
  fitted: FittedMetrics,
): void {
  const surrogate = SURROGATES.get(CONTROL)
  if (!surrogate) return
  const { observations } = orientedObservations(data, CONTROL)
  const rng = createRng(seed, 'compare')
  const isFittable =
    groupReplicates(data.normalised).count >= surrogate.minimumRuns(data.raw.columns, {})
  const outcome = isFittable
    ? crossValidate({ surrogate, params: {}, observations, folds: params.folds, rng })
    : { result: null, reason: 'It needs 3 distinct mixtures at the fidelity of the fit.' }
  const model = isFittable ? fitMetricMeans({ data, surrogate: CONTROL, rng }) : undefined
  const { domainIndex, ...details } = model?.fitted.details ?? {}
  fitted.surrogates.push({
    metric: data.metric,
    surrogate: CONTROL,
    chosen: false,
    crossValidation: outcome.result && { folds: outcome.result.folds, ...outcome.result.scores },
    reason: outcome.reason ?? 'The control: the weight of one domain, at the fidelity of the fit.',
    details:
      typeof domainIndex === 'number'
        ? { domain: compiled.space.names[domainIndex], ...details }
        : details,
  })
  if (!model) return
  const metric = { name: data.metric, direction: data.direction }
  fitted.holdouts.push(...holdouts.map((holdout) => scored(holdout, model, metric)))
}

function scored(holdout: RunTable, model: MetricModel, metric: Metric): HoldoutEvidence {
  const measured = metricData(holdout, metric)
  const predicted = model.predictMean(model.rowsOf(measured))
  return {
    name: holdout.name,
    metric: metric.name,
    surrogate: model.fitted.surrogate,
    spearman: spearman(predicted, measured.values),
    mae: mae(predicted, measured.values),
    runs: measured.values.length,
  }
}
