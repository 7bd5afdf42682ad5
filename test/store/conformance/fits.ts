import { describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import { finishFit, newFit, newId, newStudy, queueFit } from '../support/records.js'

export function fitConformance(store: () => OpenStore): void {
  const anyStudy = () => store().studies.insert(newStudy())
  const models = [
    { metric: 'loss', surrogate: 'ridge', model: '{"w":[1,2]}' },
    { metric: 'loss', surrogate: 'trees', model: '{"t":[]}' },
    { metric: 'accuracy', surrogate: 'ridge', model: '{"w":[3]}' },
  ]

  describe('fits', () => {
    test('are written with their job', async () => {
      const study = await anyStudy()
      const given = newFit(study, [newId(), newId()])
      const { fit, job } = await store().fits.insertWithJob(given, { id: given.jobId, kind: 'fit' })
      expect(fit).toMatchObject({ ...given, recommendation: null, finishedAt: null })
      expect(job).toMatchObject({
        id: given.jobId,
        kind: 'fit',
        studyId: study.id,
        subjectId: given.id,
        state: 'queued',
        attempts: 0,
        worker: null,
      })
      expect(await store().fits.get(fit.id)).toEqual(fit)
      expect(await store().jobs.get(job.id)).toEqual(job)
    })

    test('leave no job behind when they cannot be written', async () => {
      const { fit } = await queueFit(store(), await anyStudy())
      const jobId = newId()
      await expect(
        store().fits.insertWithJob(
          { ...newFit(await anyStudy()), id: fit.id, jobId },
          { id: jobId, kind: 'fit' },
        ),
      ).rejects.toMatchObject({ code: '23505' })
      expect(await store().jobs.get(jobId)).toBeUndefined()
    })

    test('finish with recommendation, models and job together', async () => {
      const { fit, job } = await queueFit(store(), await anyStudy())
      await store().jobs.claim(job.id, 'w', new Date(0))
      const recommendation = { weights: { zz: 0.5, a: 0.5 }, evidence: { rho: null } }
      expect(await store().fits.finish(fit.id, 'w', { recommendation, models })).toBe(true)
      const finished = await store().fits.get(fit.id)
      expect(JSON.stringify(finished?.recommendation)).toBe(JSON.stringify(recommendation))
      expect(finished?.finishedAt).toBeInstanceOf(Date)
      expect(await store().fits.models(fit.id)).toEqual(models)
      expect(await store().fits.models(fit.id, ['accuracy'])).toEqual([models[2]])
      expect(await store().fits.models(fit.id, [])).toEqual([])
      expect(await store().jobs.get(job.id)).toMatchObject({ state: 'succeeded', worker: null })
    })

    test('finish only for the worker that holds the job, and once', async () => {
      const { fit, job } = await queueFit(store(), await anyStudy())
      const result = { recommendation: { by: 'late' }, models }
      expect(await store().fits.finish(fit.id, 'w', result)).toBe(false)
      await store().jobs.claim(job.id, 'w', new Date(0))
      expect(await store().fits.finish(fit.id, 'other', result)).toBe(false)
      expect(await store().fits.get(fit.id)).toMatchObject({ recommendation: null })
      expect(await store().fits.models(fit.id)).toEqual([])
      expect(await store().fits.finish(fit.id, 'w', { recommendation: { n: 1 }, models: [] })).toBe(
        true,
      )
      expect(await store().fits.finish(fit.id, 'w', result)).toBe(false)
      expect(await store().fits.get(fit.id)).toMatchObject({ recommendation: { n: 1 } })
      expect(await store().fits.finish('nobody', 'w', result)).toBe(false)
    })

    test('have a latest one among those with a recommendation', async () => {
      const study = await anyStudy()
      expect(await store().fits.latestFinished(study.id)).toBeUndefined()
      await finishFit(store(), study)
      const newest = await finishFit(store(), study)
      await queueFit(store(), study)
      await finishFit(store(), await anyStudy())
      expect(await store().fits.latestFinished(study.id)).toEqual(newest)
    })
  })
}
