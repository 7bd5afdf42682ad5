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
  insertedOf,
  measure,
  newExternalTrial,
  news,
  OVERDUE,
  reported,
  resumed,
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
    trials().handOut(studyId, fidelity, grantFor(client), { limit, maxAttempts: 3 }, given, resumed)

  describe('suggested trials of others', () => {
    test('are written with an attempt and a lease, and told of', async () => {
      const study = await externalStudy(store())
      const grant = grantFor('gpu-1')
      const [first, second] = [newExternalTrial(0), newExternalTrial(1, { label: 'natural' })]
      const suggested = [
        { ...first, grant },
        { ...second, grant: { ...grant, client: 'ü' } },
      ]
      const none = { externalTrials: 0, triedVersion: 0 }
      const inserted = insertedOf(await trials().insertSuggested(study.id, none, suggested, given))
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
          releasedAt: null,
        })
        expect(all.events[position]).toMatchObject({
          type: 'given',
          data: { position, id: trial.id, fidelity: 'full', attempt: 1, client: lease.holder },
        })
      }
      expect((await store().studies.get(study.id))!.externalTrials).toBe(2)
    })

    test('are written only while nothing else was tried since they were chosen', async () => {
      const study = await externalStudy(store())
      await suggest(store(), study, 'a', 2)
      const late = [{ ...newExternalTrial(9), grant: grantFor('b') }]
      const insert = (id: string, externalTrials: number, triedVersion: number, all = late) =>
        trials().insertSuggested(id, { externalTrials, triedVersion }, all, given)
      const stale = { outcome: 'stale' }
      for (const count of [0, 1, 3]) expect(await insert(study.id, count, 1)).toEqual(stale)
      for (const version of [0, 2]) expect(await insert(study.id, 2, version)).toEqual(stale)
      expect(await insert(newId(), 0, 0)).toEqual(stale)
      expect(await insert('study-1', 0, 0)).toEqual(stale)
      expect(await store().trials.get(late[0].id)).toBeUndefined()
      expect(await store().events.after(study.id, 0, 9)).toHaveLength(2)
      expect(insertedOf(await insert(study.id, 2, 1, []))).toEqual([])
      expect(insertedOf(await insert(study.id, 2, 1))).toMatchObject([{ trial: { position: 2 } }])
    })

    test('are written only as far as the study may have them', async () => {
      const study = await externalStudy(store(), { maxTrials: 2 })
      const all = [1, 2, 3].map((i) => ({ ...newExternalTrial(i), grant: grantFor('a') }))
      const none = { externalTrials: 0, triedVersion: 0 }
      const insert = (given_: typeof all) => trials().insertSuggested(study.id, none, given_, given)
      expect(await insert(all)).toEqual({ outcome: 'full', maxTrials: 2 })
      expect(insertedOf(await insert(all.slice(1)))).toHaveLength(2)
    })

    test('are not written for a client that has been given others since it asked', async () => {
      const study = await externalStudy(store())
      await suggest(store(), study, 'a', 2)
      const version = { externalTrials: 2, triedVersion: 1 }
      const insert = (count: number, fidelity?: string) => {
        const own = { ...newExternalTrial(7), grant: grantFor('a'), holds: { count, fidelity } }
        const other = {
          ...newExternalTrial(8),
          grant: grantFor('b'),
          holds: { count: 0, fidelity },
        }
        return trials().insertSuggested(study.id, version, [other, own], given)
      }
      const held = { outcome: 'held', clients: ['a'] }
      for (const fidelity of [undefined, 'full']) expect(await insert(1, fidelity)).toEqual(held)
      expect(await store().trials.list({ studyId: study.id, limit: 9 })).toHaveLength(2)
      expect(insertedOf(await insert(0, 'small'))).toHaveLength(2)
    })

    test('notice what is imported, cancelled and told late meanwhile', async () => {
      const study = await externalStudy(store())
      const versionOf = async () => (await trials().snapshot(study.id, 'full'))!.triedVersion
      const seen = [await versionOf()]
      await importRows(store(), study, [runRow(3)], { fidelity: 'full' })
      seen.push(await versionOf())
      const old = await suggestOne(store(), study)
      seen.push(await versionOf())
      await expire(store(), old)
      const heir = (await takeOffer(store(), study, 'b'))!
      await complete(store(), heir, { last: reported(5) })
      expect(await versionOf()).toBe(seen.at(-1))
      await complete(store(), old, { last: reported(6) })
      seen.push(await versionOf())
      await trials().cancelAll(study.id, news('cancelled'))
      seen.push(await versionOf())
      expect(seen).toEqual([0, 1, 2, 3, 4])
    })
  })

  describe('trials of others are handed out', () => {
    test('again to whoever holds them, oldest first, and the leases renewed', async () => {
      const study = await externalStudy(store())
      const mine = await suggest(store(), study, 'a', 3)
      await suggest(store(), study, 'b')
      await complete(store(), mine[1], { last: reported(5) })
      await trials().renew(targetOf(mine[0]), OVERDUE, resumed)
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

    test('first to the client in whose hands they expired', async () => {
      const study = await externalStudy(store())
      const [others, own] = [
        await suggestOne(store(), study, 'b'),
        await suggestOne(store(), study),
      ]
      for (const leased of [others, own]) await expire(store(), leased)
      const waiting = await attachWaiting(store(), study)
      const { held, offered } = await handOut(study.id, 'a', 3)
      expect(held).toEqual([])
      expect(idsOf(offered)).toEqual([own.trial.id, waiting.id, others.trial.id])
      expect(offered[0].attempt.number).toBe(2)
    })

    test('by the same lease to the client in whose hands they expired for the last time', async () => {
      const study = await externalStudy(store(), { maxAttempts: 1 })
      const take = (client: string) =>
        trials().handOut(
          study.id,
          'full',
          grantFor(client),
          { limit: 2, maxAttempts: 1 },
          given,
          resumed,
        )
      const leased = await suggestOne(store(), study)
      await expire(store(), leased)
      expect(await take('b')).toEqual({ held: [], offered: [] })
      const { held, offered } = await take('a')
      expect(offered).toEqual([])
      expect(held).toMatchObject([
        {
          trial: leased.trial,
          attempt: leased.attempt,
          lease: { id: leased.lease.id, releasedAt: null },
        },
      ])
      expect(held[0].lease.expiresAt.getTime()).toBeGreaterThan(leased.lease.expiresAt.getTime())
      const { events } = await allOf(store(), leased.trial)
      expect(events.at(-1)).toMatchObject({
        type: 'resumed',
        data: { id: leased.trial.id, position: 0 },
      })
      expect(await complete(store(), leased, { last: reported(5) })).toMatchObject({
        outcome: 'completed',
        last: { tokens: 5 },
      })
      expect(await take('a')).toEqual({ held: [], offered: [] })
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
      const closed = (await store().studies.get(study.id))!
      expect(closed).toMatchObject({ version: study.version + 1, trialPolicy: { maxTrials: 2 } })
      const { trialPolicy } = study
      await store().studies.update(study.id, closed.version, { trialPolicy })
      const [running] = await suggest(store(), study, 'a')
      const { tried, ...version } = (await trials().snapshot(study.id, 'full'))!
      expect(version.externalTrials).toBe(3)
      expect(tried).toEqual(
        [runRow(3), ...search.trials, gone.trial, running.trial].map(({ weights }) => weights),
      )
      expect(await trials().snapshot(study.id, 'none')).toEqual({ ...version, tried: [] })
      for (const id of [newId(), 'study-1'])
        expect(await trials().snapshot(id, 'full')).toBeUndefined()
    })
  })

  describe('what rules and people read of trials of others', () => {
    test('is the last measurement of each, as the list of all of them has it', async () => {
      const study = await externalStudy(store())
      const [done, again, bare] = await suggest(store(), study, 'a', 3)
      for (const tokens of [100, 200]) await measure(store(), done, reported(tokens))
      await measure(store(), again, reported(900))
      await expire(store(), again)
      const heir = (await takeOffer(store(), study, 'b'))!
      const ids = idsOf([done, again, bare])
      const expectLatest = async () => {
        const latest = await store().trials.latestMeasurements([...ids, newId(), 'trial-1'])
        expect(latest.size).toBe(2)
        for (const id of ids)
          expect(latest.get(id)).toEqual((await store().trials.measurements(id)).at(-1))
      }
      await expectLatest()
      await measure(store(), heir, reported(10))
      await expectLatest()
      expect(await trials().lastUnder(targetOf(again))).toMatchObject({ tokens: 900 })
      expect(await trials().lastUnder(targetOf(heir))).toMatchObject({ tokens: 10 })
      expect(await trials().lastUnder(targetOf(bare))).toBeUndefined()
      const foreign = { trialId: done.trial.id, leaseId: heir.lease.id }
      expect(await trials().lastUnder(foreign)).toBeUndefined()
      expect(await complete(store(), again)).toMatchObject({ last: { tokens: 900 } })
      await expectLatest()
    })

    test('are the objectives of the attempt that counts', async () => {
      const study = await externalStudy(store())
      const [done, again, mine, other] = await suggest(store(), study, 'a', 4)
      for (const [tokens, loss] of [
        [100, 1],
        [200, 4],
        [250, 2],
      ])
        await measure(store(), done, reported(tokens, loss))
      await measure(store(), done, { ...reported(260), objective: null })
      await complete(store(), done, { last: reported(300, 9) })
      await measure(store(), again, reported(100, 9))
      await expire(store(), again)
      const newest = (await takeOffer(store(), study, 'b'))!
      await measure(store(), newest, reported(150, 8))
      await measure(store(), mine, { ...reported(120, 7), objective: null })
      await measure(store(), mine, reported(130, 6))
      await trials().abandon(study.id, other.trial.id, null, news('abandoned'))
      await importRows(store(), study, runRows(2), { fidelity: 'full' })
      await attachWaiting(store(), study, newExternalTrial(1, { fidelity: 'small' }))

      const { id } = mine.trial
      expect(await trials().objectives(id)).toEqual([{ tokens: 130, objective: 6 }])
      expect(await trials().objectives(newest.trial.id)).toEqual([{ tokens: 150, objective: 8 }])
      expect(await trials().objectives('trial-1')).toEqual([])
      const rivals = (of: 'mean' | 'first', tokens: number) => trials().rivals(id, { of, tokens })
      expect((await rivals('mean', 150)).toSorted()).toEqual([1, 8])
      expect(await rivals('mean', 260)).toEqual([7 / 3])
      expect(await rivals('mean', 99)).toEqual([])
      expect(await rivals('mean', 301)).toEqual([])
      expect((await rivals('first', 101)).toSorted()).toEqual([4, 8])
      expect(await rivals('first', 251)).toEqual([9])
      expect(await rivals('first', 301)).toEqual([])
      expect(await trials().rivals('trial-1', { of: 'mean', tokens: 1 })).toEqual([])

      // A late result takes the place of the newer attempt.
      await complete(store(), again, { last: reported(400, 7) })
      expect(await rivals('mean', 400)).toEqual([8])
      await complete(store(), mine, { last: reported(500) })
      expect(await trials().counts(study.id)).toEqual({
        offerable: 1,
        states: {
          waiting: 1,
          running: 0,
          completed: 3,
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
