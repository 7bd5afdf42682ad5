import { MixwrightError } from '../errors.js'
import type { DataFolder } from '../store/data-folder.js'
import type { TrialRecord } from '../store/records.js'
import type { Store } from '../store/store.js'
import type { TrialService } from './searches.js'
import { listing, requireStudy } from './studies.js'
import type { StudyFactsCache } from './study-facts.js'

export function createTrialService(
  store: Store,
  facts: Pick<StudyFactsCache, 'get'>,
  dataFolder: Pick<DataFolder, 'removeCheckpoint'>,
): TrialService {
  const { trials } = store
  return {
    async get(studyId, trialId) {
      // Of the study only what never changes is needed, and a trial that is there proves that its study is.
      const [{ study }, detail] = await Promise.all([facts.get(studyId), trials.detail(trialId)])
      if (detail?.trial.studyId === study.id) return { study, ...detail }
      await requireStudy(store, studyId)
      throw noSuchTrial(trialId)
    },
    async list(studyId, { limit, ...query }) {
      await requireStudy(store, studyId)
      const { items, hasMore } = listing(
        await trials.list({ ...query, studyId, limit: limit + 1 }),
        limit,
      )
      const latest = await trials.latestMeasurements(items.map(({ id }) => id))
      const measured = items.map((trial) => ({ ...trial, measurement: latest.get(trial.id) }))
      return { items: measured, hasMore }
    },
    async deleteCheckpoint(studyId, trialId) {
      const study = await requireStudy(store, studyId)
      const { evaluator, state } = await requireTrial(store, study.id, trialId)
      if (evaluator === 'proxy' && (state === 'waiting' || state === 'running')) {
        const detail = `The trial ${trialId} is ${state}: it may go on from its checkpoint.`
        throw new MixwrightError('trial-under-way', detail)
      }
      if (await dataFolder.removeCheckpoint(trialId)) return
      const detail = `There is no checkpoint of the trial ${trialId}.`
      throw new MixwrightError('checkpoint-not-found', detail)
    },
  }
}

async function requireTrial(store: Store, studyId: string, trialId: string): Promise<TrialRecord> {
  const trial = await store.trials.get(trialId)
  if (trial?.studyId === studyId) return trial
  throw noSuchTrial(trialId)
}

function noSuchTrial(id: string): MixwrightError {
  const detail = `There is no trial with the id ${id} in this study.`
  return new MixwrightError('trial-not-found', detail)
}
