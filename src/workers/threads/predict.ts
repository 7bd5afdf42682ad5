import { predictMetrics } from '../../optimizers/evidence/index.js'
import { compileSpace, fromMixture } from '../../optimizers/mixture/index.js'
import type { MetricPrediction } from '../../optimizers/recommendation.js'
import { type MetricModel, restoreMetricModel } from '../../optimizers/surrogates/index.js'
import { RecentlyUsed } from '../../recently-used.js'
import type { Compute } from '../../studies/ports.js'
import { replyWith, type ThreadReply } from './replies.js'

/** Fits whose restored models a thread keeps: boosted trees of 13 metrics take some 50 MB. */
const FITS_KEPT = 4

export type PredictMessage = Parameters<Compute['predict']>[0]
type Models = ReadonlyMap<string, MetricModel>

const kept = new RecentlyUsed<Models>(FITS_KEPT)

/** Thread entry: predictions of fitted models. */
export function run(task: PredictMessage): Promise<ThreadReply<MetricPrediction[][]>> {
  return replyWith(() => {
    const space = compileSpace(task.problem)
    const metrics = task.models.map(({ metric }) => metric)
    const models = kept.get(JSON.stringify([task.fitId, metrics]), () => restore(task.models))
    return task.mixtures.map((mixture) => predictMetrics(models, fromMixture(space, mixture)))
  })
}

function restore(stored: PredictMessage['models']): Models {
  return new Map(stored.map(({ metric, model }) => [metric, restoreMetricModel(JSON.parse(model))]))
}
