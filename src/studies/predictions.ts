import { MixwrightError } from '../errors.js'
import { fromMixture } from '../optimizers/mixture/index.js'
import type { Mixture } from '../optimizers/problem.js'
import type { MetricPrediction } from '../optimizers/recommendation.js'
import type { Store } from '../store/store.js'
import type { Limits } from './limits.js'
import type { Compute } from './ports.js'
import { compileStored, refuseAsMixwrightError } from './problem.js'
import { requireStudy } from './studies.js'

export interface PredictionService {
  /**
   * Every metric's predicted value at each mixture, by the models of the study's latest fit.
   * @throws MixwrightError `validation-failed` for weights that are no mixture (sum 1 ± 1e-6), `no-recommendation` before any fit
   */
  predict(
    studyId: string,
    mixtures: Mixture[],
  ): Promise<{ fitId: string; predictions: MetricPrediction[][] }>
}

export function createPredictionService(
  store: Store,
  compute: Compute,
  limits: Limits,
): PredictionService {
  return {
    async predict(studyId, mixtures) {
      const { problem } = await requireStudy(store, studyId)
      if (mixtures.length > limits.predictionMixtures) {
        throw new MixwrightError('validation-failed', 'There are too many mixtures.', [
          {
            pointer: '/mixtures',
            detail: `${mixtures.length} mixtures were sent; at most ${limits.predictionMixtures} are predicted at once.`,
          },
        ])
      }
      const { space } = compileStored(problem)
      mixtures.forEach((mixture, i) => {
        refuseAsMixwrightError(() => fromMixture(space, mixture), `/mixtures/${i}`)
      })
      const fit = await store.fits.latestFinished(studyId)
      const models = fit ? await store.fits.models(fit.id) : []
      if (!fit || models.length === 0) {
        throw new MixwrightError(
          'no-recommendation',
          `No fit of the study ${studyId} has finished with fitted surrogates; there is nothing to predict with.`,
        )
      }
      const predictions = await compute.predict({ problem, fitId: fit.id, models, mixtures })
      return { fitId: fit.id, predictions }
    },
  }
}
