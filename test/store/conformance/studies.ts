import { describe, expect, test } from 'vitest'
import { DEFAULT_TRIAL_POLICY } from '../../../src/optimizers/trial-policy.js'
import type { OpenStore } from '../../../src/store/index.js'
import {
  finishFit,
  importRows,
  newId,
  newStudy,
  problem,
  queueFit,
  runRows,
} from '../support/records.js'

export function studyConformance(store: () => OpenStore): void {
  describe('studies', () => {
    test('answers a ping', async () => {
      await expect(store().ping()).resolves.toBeUndefined()
    })

    test('come back as they were given', async () => {
      const given = newStudy({ labels: { team: 'data', 'a b': 'ü"\\' }, owner: 'someone' })
      const inserted = await store().studies.insert(given)
      expect(inserted).toMatchObject(given)
      expect(inserted).toMatchObject({ version: 1, domainSetVersion: 1 })
      expect(inserted.createdAt).toBeInstanceOf(Date)
      expect(Math.abs(Date.now() - inserted.createdAt.getTime())).toBeLessThan(60_000)
      expect(await store().studies.get(given.id)).toEqual(inserted)
    })

    test('keep the order of keys and the last bit of numbers', async () => {
      const params = { zz: 0.1 + 0.2, a: [5e-324, 1.7976931348623157e308], m: { z: 1, b: -1e-7 } }
      const { id } = await store().studies.insert(newStudy({ params, seed: -(2 ** 53 - 1) }))
      const study = await store().studies.get(id)
      expect(JSON.stringify(study?.params)).toBe(JSON.stringify(params))
      expect(JSON.stringify(study?.problem)).toBe(JSON.stringify(problem))
      expect(study?.seed).toBe(-(2 ** 53 - 1))
    })

    test('are listed newest first, page by page', async () => {
      const owner = newId()
      const ids: string[] = []
      for (let index = 0; index < 5; index += 1)
        ids.push((await store().studies.insert(newStudy({ owner }))).id)
      const first = await store().studies.list({ limit: 2, owner })
      const second = await store().studies.list({ limit: 2, owner, after: first[1].id })
      const third = await store().studies.list({ limit: 2, owner, after: second[1].id })
      expect([first, second, third].map((page) => page.map(({ id }) => id))).toEqual([
        [ids[4], ids[3]],
        [ids[2], ids[1]],
        [ids[0]],
      ])
      expect(await store().studies.list({ limit: 2, owner, after: ids[0] })).toEqual([])
    })

    test('are found by label, exactly', async () => {
      const value = newId()
      const { id } = await store().studies.insert(newStudy({ labels: { team: value, x: 'y' } }))
      await store().studies.insert(newStudy({ labels: { other: value } }))
      const found = await store().studies.list({ limit: 10, label: ['team', value] })
      expect(found.map((study) => study.id)).toEqual([id])
      expect(await store().studies.list({ limit: 10, label: ['team', value.slice(1)] })).toEqual([])
    })

    test('that are not there are undefined, also for ids that can be nobody’s', async () => {
      for (const id of [newId(), 'study-1', '']) {
        expect(await store().studies.get(id)).toBeUndefined()
        expect(await store().studies.delete(id)).toBe(false)
      }
    })

    test('are changed at the version that is known, which is raised', async () => {
      const study = await store().studies.insert(newStudy({ labels: { a: 'b' } }))
      const { id, version } = study
      const trialPolicy = { ...DEFAULT_TRIAL_POLICY, maxTrials: 7 }
      const change = { name: 'another', labels: { z: '1', c: 'd' }, trialPolicy }
      const updated = await store().studies.update(id, version, change)
      expect(updated).toEqual({
        ...study,
        ...change,
        version: version + 1,
        updatedAt: updated?.updatedAt,
      })
      expect(updated!.updatedAt.getTime()).toBeGreaterThanOrEqual(study.updatedAt.getTime())
      expect(await store().studies.update(id, version, { name: 'late' })).toBeUndefined()
      expect(await store().studies.get(id)).toEqual(updated)
      expect(await store().studies.update(newId(), 1, { name: 'none' })).toBeUndefined()
      expect(await store().studies.update('study-1', 1, { name: 'none' })).toBeUndefined()
    })

    test('are changed by one of those who know the same version', async () => {
      const { id, version } = await store().studies.insert(newStudy())
      const changes = Array.from({ length: 8 }, (_, i) =>
        store().studies.update(id, version, { name: `name ${i}` }),
      )
      expect((await Promise.all(changes)).filter(Boolean)).toHaveLength(1)
    })

    test('are deleted at the version that is known', async () => {
      const { id, version } = await store().studies.insert(newStudy())
      await store().studies.update(id, version, { name: 'changed' })
      expect(await store().studies.delete(id, version)).toBe(false)
      expect(await store().studies.get(id)).toBeDefined()
      expect(await store().studies.delete(id, version + 1)).toBe(true)
    })

    test('take the same id once', async () => {
      const study = newStudy()
      await store().studies.insert(study)
      await expect(store().studies.insert(study)).rejects.toMatchObject({ code: '23505' })
    })

    test('are deleted with everything that belongs to them, and nothing else', async () => {
      const kept = await store().studies.insert(newStudy())
      const keptImport = await importRows(store(), kept, runRows(3))
      const study = await store().studies.insert(newStudy())
      const { id: importId } = await importRows(store(), study, runRows(3))
      const fit = await finishFit(store(), study, [importId])
      const { job } = await queueFit(store(), study, [importId])

      expect(await store().studies.delete(study.id)).toBe(true)

      expect(await store().studies.get(study.id)).toBeUndefined()
      expect(await store().imports.get(importId)).toBeUndefined()
      expect(await store().fits.get(fit.id)).toBeUndefined()
      expect(await store().fits.models(fit.id)).toEqual([])
      expect(await store().jobs.get(fit.jobId)).toBeUndefined()
      expect(await store().jobs.get(job.id)).toBeUndefined()
      const { rows } = await store().pool.query(
        'select count(*) from mixwright.measurements left join mixwright.trials on trials.id = trial_id where trials.id is null or study_id = $1',
        [study.id],
      )
      expect(rows).toEqual([{ count: 0 }])
      expect(await store().imports.list(kept.id)).toEqual([keptImport])
    })
  })
}
