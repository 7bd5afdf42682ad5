import type { CompleteProblem } from '../problem.js'
import { createRng } from '../random.js'
import type { HoldoutEvidence, SurrogateEvidence } from '../recommendation.js'
import {
  type Comparison,
  type ComparisonEntry,
  compareSurrogates,
  fitMetricMeans,
  fitMetricModel,
  type MetricData,
  type MetricModel,
  metricData,
} from '../surrogates/index.js'
import { mae, spearman } from '../surrogates/statistics.js'
import type { SurrogateName } from '../surrogates/types.js'
import type { ProgressListener, RunTable } from '../types.js'
import type { MixtureCounts } from './required-runs.js'

export interface FitMetricsInput {
  problem: CompleteProblem
  training: RunTable
  counts: MixtureCounts
  holdouts: readonly RunTable[]
  /** `auto`, or the surrogate every metric is to be fitted with. */
  surrogate: SurrogateName | 'auto'
  /** The surrogates `auto` may choose among; the others are compared all the same. */
  eligible: readonly SurrogateName[]
  params: { folds: number; surrogates: Partial<Record<SurrogateName, Record<string, unknown>>> }
  names: readonly string[]
  seed: number
  onProgress: ProgressListener
}

export interface FittedMetrics {
  /** Metric → the chosen surrogate, with intervals. Metrics of fewer than m + 1 distinct mixtures have none. */
  models: Map<string, MetricModel>
  surrogates: SurrogateEvidence[]
  holdouts: HoldoutEvidence[]
}

const STEPS_PER_METRIC = 100
/** What part of a metric's work its comparison is; the rest is fitting all surrogates once more. */
const COMPARISON_SHARE = 0.8

/** Compares all surrogates on every metric, fits the chosen ones, and scores every one on the hold-outs. */
export function fitMetrics(input: FitMetricsInput): FittedMetrics {
  const { problem, training, onProgress } = input
  const result: FittedMetrics = { models: new Map(), surrogates: [], holdouts: [] }
  const total = problem.metrics.length * STEPS_PER_METRIC
  problem.metrics.forEach((metric, i) => {
    const report = (share: number, message: string) =>
      onProgress({ done: Math.round((i + share) * STEPS_PER_METRIC), total, message })
    if ((input.counts.ofMetric.get(metric.name) ?? 0) < input.counts.needed) {
      report(1, `${metric.name}: too few runs`)
      return
    }
    const data = metricData(training, metric)
    const comparison = compareSurrogates({
      data,
      eligible: input.surrogate === 'auto' ? input.eligible : [input.surrogate],
      params: input.params.surrogates,
      folds: input.params.folds,
      rng: createRng(input.seed, 'compare'),
      onProgress: ({ done, total: all, message }) =>
        report((COMPARISON_SHARE * done) / all, message),
    })
    fitMetric(input, data, comparison, result)
    report(1, `${metric.name}: ${comparison.chosen}`)
  })
  return result
}

function fitMetric(
  input: FitMetricsInput,
  data: MetricData,
  { entries, chosen }: Comparison,
  result: FittedMetrics,
): void {
  for (const entry of entries) {
    const isChosen = entry.surrogate === chosen
    const wanted = isChosen || entry.surrogate === 'single-domain' || input.holdouts.length > 0
    const model = wanted && entry.fittable ? fitEntry(input, data, entry, isChosen) : undefined
    if (isChosen && model) result.models.set(data.metric, model)
    result.surrogates.push(describe(data.metric, entry, isChosen, model, input.names))
    if (!model) continue
    for (const holdout of input.holdouts) {
      result.holdouts.push(scoreHoldout(holdout, data, entry.surrogate, model))
    }
  }
}

/** All metrics share one stream, so that they resample the same runs and their replicates vary together. */
function fitEntry(
  input: FitMetricsInput,
  data: MetricData,
  entry: ComparisonEntry,
  withIntervals: boolean,
): MetricModel {
  const task = {
    data,
    surrogate: entry.surrogate,
    params: input.params.surrogates[entry.surrogate],
    rng: createRng(input.seed, `fit ${entry.surrogate}`),
  }
  if (!withIntervals) return fitMetricMeans(task)
  const outOfFoldResiduals = entry.crossValidation?.residuals ?? new Float64Array(0)
  return fitMetricModel({ ...task, outOfFoldResiduals })
}

function describe(
  metric: string,
  { surrogate, crossValidation, reason }: ComparisonEntry,
  chosen: boolean,
  model: MetricModel | undefined,
  names: readonly string[],
): SurrogateEvidence {
  const { domainIndex, ...details } = model?.fitted.details ?? {}
  return {
    metric,
    surrogate,
    chosen,
    reason,
    crossValidation: crossValidation && {
      folds: crossValidation.folds,
      ...crossValidation.scores,
    },
    details: typeof domainIndex === 'number' ? { domain: names[domainIndex], ...details } : details,
  }
}

function scoreHoldout(
  holdout: RunTable,
  { metric, direction }: MetricData,
  surrogate: SurrogateName,
  model: MetricModel,
): HoldoutEvidence {
  const measured = metricData(holdout, { name: metric, direction })
  const predicted = model.predictMean(model.rowsOf(measured))
  return {
    name: holdout.name,
    metric,
    surrogate,
    spearman: spearman(predicted, measured.values),
    mae: mae(predicted, measured.values),
    runs: measured.values.length,
  }
}
