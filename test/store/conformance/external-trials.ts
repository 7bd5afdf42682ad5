import { describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import {
  allOf,
  attachWaiting,
  complete,
  expire,
  externalStudy,
  fail,
  given,
  grantFor,
  LONG_AGO,
  measure,
  newExternalTrial,
  news,
  reported,
  suggest,
  suggestOne,
  takeOffer,
  targetOf,
} from '../support/external-trials.js'
import { completeTrial, startSearch } from '../support/proxies.js'
import { importRows, newId, newImport, runRow, runRows } from '../support/records.js'

/** Trials of others: how they are made, handed out and counted. */
export function externalTrialConformance(store: () => OpenStore): void {
  const trials = () => store().externalTrials
  const idsOf = (leased: readonly { trial: { id: string } }[]) =>
    leased.map(({ trial }) => trial.id)
  const handOut = (studyId: string, client: string, limit: number, fidelity?: string) =>
    trials().handOut(studyId, fidelity, grantFor(client), { limit, maxAttempts: 3 }, given)

  describe('suggested trials of others', () => {
    test('are written with an attempt and a lease, and told of', async () => {
      const study = await externalStudy(store())
      const grant = grantFor('gpu-1')
      const [first, second] = [newExternalTrial(0), newExternalTrial(1, { label: 'natural' })]
      const suggested = [
        { ...first, grant },
        { ...second, grant: { ...grant, client: 'ü' } },
      ]
      const inserted = (await trials().insertSuggested(study.id, 0, suggested, given))!
      expect(inserted).toHaveLength(2)
      for (const [position, { trial, attempt, lease }] of inserted.entries()) {
        expect(trial).toMatchObject({ ...[first, second][position], position, state: 'running' })
        const { leases, attempts, ...all } = await allOf(store(), trial)
        expect(trial).toEqual(all.trial)
        expect(attempts).toEqual([attempt])
        expect(leases).toMatchObject([lease])
        expect(lease).toMatchObject({
          attemptId: attempt.id,
          holder: ['gpu-1', 'ü'][position],
          expiresAt: grant.expiresAt,
          releasedAt: null,
        })
        expect(all.events[position]).toMatchObject({
          type: 'given',
          data: { position, id: trial.id, fidelity: 'full', attempt: 1, client: lease.holder },
        })
      }
      expect((await store().studies.get(study.id))!.externalTrials).toBe(2)
    })

    test('are written only while the study has the number of trials that they were chosen for', async () => {
      const study = await externalStudy(store())
      await suggest(store(), study, 'a', 2)
      const late = [{ ...newExternalTrial(9), grant: grantFor('b') }]
      for (const count of [0, 1, 3])
        expect(await trials().insertSuggested(study.id, count, late, given)).toBeUndefined()
      expect(await trials().insertSuggested(newId(), 0, late, given)).toBeUndefined()
      expect(await trials().insertSuggested('study-1', 0, late, given)).toBeUndefined()
      expect(await store().trials.get(late[0].id)).toBeUndefined()
      expect(await store().events.after(study.id, 0, 9)).toHaveLength(2)
      expect(await trials().insertSuggested(study.id, 2, [], given)).toEqual([])
      expect(await trials().insertSuggested(study.id, 2, late, given)).toMatchObject([
        { trial: { position: 2 } },
      ])
    })
  })

  describe('trials of others are handed out', () => {
    test('again to whoever holds them, oldest first, and the leases renewed', async () => {
      const study = await externalStudy(store())
      const mine = await suggest(store(), study, 'a', 3)
      await suggest(store(), study, 'b')
      await complete(store(), mine[1], { last: reported(5) })
      await trials().renew(targetOf(mine[0]), LONG_AGO)
      const { held, offered } = await handOut(study.id, 'a', 9)
      expect(idsOf(held)).toEqual(idsOf([mine[0], mine[2]]))
      expect(offered).toEqual([])
      expect(held[0].attempt).toEqual(mine[0].attempt)
      expect(held[0].lease.id).toBe(mine[0].lease.id)
      expect(held[0].lease.expiresAt.getTime()).toBeGreaterThan(Date.now())
      expect((await trials().expireDue(news('expired'), study.id)).expired).toEqual([])
      expect(idsOf((await handOut(study.id, 'a', 1)).held)).toEqual(idsOf([mine[0]]))
      expect(await handOut(study.id, 'a', 0)).toEqual({ held: [], offered: [] })
      expect(await handOut(study.id, 'c', 9)).toEqual({ held: [], offered: [] })
      expect(await handOut(study.id, 'a', 9, 'other')).toEqual({ held: [], offered: [] })
      expect(await handOut(newId(), 'a', 9)).toEqual({ held: [], offered: [] })
      expect(await handOut('study-1', 'a', 9)).toEqual({ held: [], offered: [] })
    })

    test('waiting ones first, then what failed or expired, oldest first, each with a new attempt', async () => {
      const study = await externalStudy(store())
      const [expired, failed, lost] = await suggest(store(), study, 'a', 3)
      await expire(store(), expired)
      await fail(store(), failed)
      await expire(store(), lost)
      const other = newExternalTrial(50, { fidelity: 'small' })
      const waiting = [
        await attachWaiting(store(), study),
        await attachWaiting(store(), study, other),
      ]
      const first = await handOut(study.id, 'b', 3)
      expect(idsOf(first.offered)).toEqual([waiting[0].id, waiting[1].id, expired.trial.id])
      expect(first.held).toEqual([])
      const { held, offered } = await handOut(study.id, 'b', 9)
      expect(idsOf(held)).toEqual([expired.trial.id, waiting[0].id, waiting[1].id])
      expect(idsOf(offered)).toEqual(idsOf([failed, lost]))
      const again = offered[0]
      expect(again.trial).toMatchObject({ state: 'running', attempts: 2, problem: null })
      expect(again.attempt).toMatchObject({ number: 2, state: 'running' })
      const all = await allOf(store(), again.trial)
      expect(all.trial).toEqual(again.trial)
      expect(all.attempts.map(({ state }) => state)).toEqual(['failed', 'running'])
      expect(all.leases[1]).toMatchObject(again.lease)
      expect(all.events.at(-1)).toMatchObject({
        type: 'given',
        data: { id: lost.trial.id, attempt: 2, client: 'b', position: 2 },
      })
    })

    test('of one fidelity when it is asked for', async () => {
      const study = await externalStudy(store())
      const small = newExternalTrial(1, { fidelity: 'small' })
      await attachWaiting(store(), study, small)
      await attachWaiting(store(), study)
      expect(idsOf((await handOut(study.id, 'a', 9, 'small')).offered)).toEqual([small.id])
      expect((await handOut(study.id, 'a', 9, 'full')).offered).toHaveLength(1)
      expect((await handOut(study.id, 'a', 9, 'small')).held).toHaveLength(1)
      expect((await handOut(study.id, 'a', 9)).held).toHaveLength(2)
    })

    test('as often as they have attempts, and no longer asked to stop', async () => {
      const study = await externalStudy(store(), { maxAttempts: 2 })
      const first = await suggestOne(store(), study)
      await trials().requestStop(first.trial.id, 'it is worse', { type: 'stop', data: {} })
      await fail(store(), first, 2)
      expect(await trials().counts(study.id)).toMatchObject({ offerable: 1, states: { failed: 1 } })
      expect(await takeOffer(store(), study, 'b', 1)).toBeUndefined()
      const second = (await takeOffer(store(), study, 'b', 2))!
      expect(second.trial).toMatchObject({ attempts: 2, stopRequestedAt: null, endReason: null })
      await expire(store(), second)
      expect(await takeOffer(store(), study, 'c', 2)).toBeUndefined()
      expect(await trials().counts(study.id)).toMatchObject({ offerable: 0 })
      expect((await store().trials.get(first.trial.id))!.finishedAt).not.toBeNull()
    })
  })

  describe('what was tried', () => {
    test('is everybody’s mixtures at the fidelity, but not what was cancelled or is being imported', async () => {
      const study = await externalStudy(store())
      await importRows(store(), study, [runRow(3)], { fidelity: 'full' })
      const staging = newImport(study, { fidelity: 'full' })
      await store().imports.begin(staging)
      await store().imports.appendRows(staging.id, JSON.stringify([runRow(4)]))
      await importRows(store(), study, [runRow(5)])
      const search = await startSearch(store(), study, 2, { fidelity: 'full' })
      await completeTrial(store(), search.trials[0])
      const [gone] = await suggest(store(), study, 'a')
      await trials().abandon(study.id, gone.trial.id, null, news('abandoned'))
      await suggest(store(), study, 'a')
      await trials().cancelAll(study.id, news('cancelled'))
      const [running] = await suggest(store(), study, 'a')
      const { externalTrials, tried } = (await trials().snapshot(study.id, 'full'))!
      expect(externalTrials).toBe(3)
      expect(tried).toEqual(
        [runRow(3), ...search.trials, gone.trial, running.trial].map(({ weights }) => weights),
      )
      expect(await trials().snapshot(study.id, 'none')).toEqual({ externalTrials, tried: [] })
      for (const id of [newId(), 'study-1'])
        expect(await trials().snapshot(id, 'full')).toBeUndefined()
    })
  })

  describe('what rules and people read of trials of others', () => {
    test('are the measurements of the attempt that counts, by tokens', async () => {
      const study = await externalStudy(store())
      const [done, again, , other] = await suggest(store(), study, 'a', 4)
      for (const tokens of [100, 200]) await measure(store(), done, reported(tokens))
      await complete(store(), done, { last: reported(300) })
      await measure(store(), again, reported(100, 9))
      await expire(store(), again)
      const newest = (await takeOffer(store(), study, 'b'))!
      await measure(store(), newest, reported(150, 8))
      await trials().abandon(study.id, other.trial.id, null, news('abandoned'))
      await importRows(store(), study, runRows(2), { fidelity: 'full' })
      const point = (tokens: number, loss?: number) => {
        const { values } = reported(tokens, loss)
        return { tokens, values }
      }
      expect(await trials().curves(study.id, 'full')).toEqual([
        {
          trialId: done.trial.id,
          state: 'completed',
          points: [100, 200, 300].map((t) => point(t)),
        },
        { trialId: newest.trial.id, state: 'running', points: [point(150, 8)] },
      ])
      expect(await trials().curves(study.id, 'small')).toEqual([])
      expect(await trials().curves('study-1', 'full')).toEqual([])

      // A late result takes the place of the newer attempt.
      await complete(store(), again, { last: reported(400, 7) })
      expect((await trials().curves(study.id, 'full'))[1]).toEqual({
        trialId: again.trial.id,
        state: 'completed',
        points: [point(100, 9), point(400, 7)],
      })
      expect(await trials().counts(study.id)).toEqual({
        offerable: 0,
        states: {
          waiting: 0,
          running: 1,
          completed: 2,
          'completed-without-metrics': 0,
          stopped: 0,
          failed: 0,
          expired: 0,
          abandoned: 1,
          cancelled: 0,
        },
      })
      expect((await trials().counts('study-1')).states.running).toBe(0)
    })
  })
}
