import { MixwrightError } from '../errors.js'
import type { Store } from '../store/store.js'
import type { TrialService } from './searches.js'
import { listing, requireStudy } from './studies.js'

export function createTrialService(store: Store): TrialService {
  const { trials } = store
  return {
    async get(studyId, trialId) {
      const study = await requireStudy(store, studyId)
      const trial = await trials.get(trialId)
      if (trial?.studyId !== studyId) {
        const detail = `There is no trial with the id ${trialId} in this study.`
        throw new MixwrightError('trial-not-found', detail)
      }
      const attempts = await trials.attempts(trialId)
      return {
        trial,
        study,
        attempts: await Promise.all(
          attempts.map(async (attempt) => ({
            ...attempt,
            leases: await trials.leases(attempt.id),
          })),
        ),
        measurements: await trials.measurements(trialId),
      }
    },
    async list(studyId, { limit, ...query }) {
      await requireStudy(store, studyId)
      const { items, hasMore } = listing(
        await trials.list({ ...query, studyId, limit: limit + 1 }),
        limit,
      )
      const measured = items.map(async (trial) => ({
        ...trial,
        measurement: (await trials.measurements(trial.id)).at(-1),
      }))
      return { items: await Promise.all(measured), hasMore }
    },
  }
}
