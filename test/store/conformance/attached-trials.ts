import { describe, expect, test } from 'vitest'
import type { NewExternalTrial } from '../../../src/store/external-trial-contract.js'
import type { OpenStore } from '../../../src/store/index.js'
import {
  allOf,
  attachWaiting,
  externalStudy,
  grantFor,
  newExternalTrial,
  news,
  recorded,
  reported,
  suggest,
} from '../support/external-trials.js'
import { newId } from '../support/records.js'

/** Trials of mixtures that clients have chosen themselves. */
export function attachedTrialConformance(store: () => OpenStore): void {
  const trials = () => store().externalTrials

  describe('trials that clients attach', () => {
    const attach = (
      study: { id: string },
      trial: NewExternalTrial,
      change: Partial<Parameters<OpenStore['externalTrials']['attach']>[2]> = {},
    ) =>
      trials().attach(
        study.id,
        trial,
        { client: 'me', maxTrials: null, ...change },
        news('attached'),
      )

    test('wait, run under a lease, or are completed', async () => {
      const study = await externalStudy(store())
      const waiting = await attach(study, newExternalTrial(0))
      const [listed] = await store().trials.list({ studyId: study.id, limit: 9 })
      expect(waiting).toEqual({ outcome: 'attached', trial: listed })
      expect(waiting).toMatchObject({ trial: { state: 'waiting', attempts: 0, position: 0 } })

      const grant = grantFor('me')
      const running = await attach(study, newExternalTrial(1), { grant })
      expect(running).toMatchObject({
        trial: { state: 'running', attempts: 1, position: 1 },
        attempt: { number: 1, state: 'running' },
        lease: { holder: 'me', expiresAt: expect.any(Date), releasedAt: null },
      })
      const result = reported(7_000)
      const done = await attach(study, newExternalTrial(2, { label: 'mine' }), { result, grant })
      if (done.outcome !== 'attached') throw new Error(done.outcome)
      const all = await allOf(store(), done.trial)
      expect(all.trial).toEqual(done.trial)
      expect(done.trial).toMatchObject({ state: 'completed', label: 'mine', position: 2 })
      expect(done.trial.finishedAt).toBeInstanceOf(Date)
      expect(all.attempts).toMatchObject([{ state: 'completed', number: 1 }])
      expect(all.leases).toMatchObject([{ holder: 'me', releasedAt: expect.any(Date) }])
      expect(all.measurements).toMatchObject([
        { ...recorded(result), attemptId: all.attempts[0].id },
      ])
      expect(all.events.map(({ data }) => [data.position, data.state])).toEqual([
        [0, 'waiting'],
        [1, 'running'],
        [2, 'completed'],
      ])
    })

    test('are there once when they are sent twice', async () => {
      const study = await externalStudy(store())
      const trial = newExternalTrial(0)
      const first = await attach(study, trial, { grant: grantFor('me') })
      const before = await allOf(store(), { id: trial.id, studyId: study.id })
      const second = await attach(study, trial, { grant: grantFor('me') })
      expect(second).toEqual({ ...first, outcome: 'exists' })
      expect(await allOf(store(), { id: trial.id, studyId: study.id })).toEqual(before)
      const waiting = newExternalTrial(1)
      const { outcome, ...answer } = await attach(study, waiting)
      expect(await attach(study, waiting)).toEqual({ ...answer, outcome: 'exists' })
      expect(outcome).toBe('attached')
    })

    test('are told from those that are there by more than 1e-6 in a share, or called replicates', async () => {
      const study = await externalStudy(store())
      const weights = [0.25, 0.75]
      const first = await attachWaiting(store(), study, newExternalTrial(0, { weights }))
      const near = [0.25 + 0.9e-6, 0.75 - 0.9e-6]
      const apart = [0.25 - 1.5e-6, 0.75 + 1.5e-6]
      expect(await attach(study, newExternalTrial(1, { weights: near }))).toEqual({
        outcome: 'duplicate',
        trial: first,
      })
      const replicate = { weights: near, replicateOf: first.id }
      expect(await attach(study, newExternalTrial(2, replicate))).toMatchObject({
        outcome: 'attached',
        trial: { replicateOf: first.id, position: 1 },
      })
      for (const change of [{ weights: apart }, { weights, fidelity: 'small' }])
        expect(await attach(study, newExternalTrial(3, change))).toMatchObject({
          outcome: 'attached',
        })
      const { studyId } = first
      expect(await store().trials.list({ studyId, limit: 9 })).toHaveLength(4)
    })

    test('are refused when the study is full, or is none', async () => {
      const study = await externalStudy(store())
      await suggest(store(), study, 'a', 2)
      const trial = newExternalTrial(7)
      expect(await attach(study, trial, { maxTrials: 2 })).toEqual({ outcome: 'full' })
      expect(await attach(study, trial, { maxTrials: 3 })).toMatchObject({ outcome: 'attached' })
      for (const id of [newId(), 'study-1'])
        expect(await attach({ id }, newExternalTrial(8))).toEqual({ outcome: 'no-study' })
    })
  })
}
