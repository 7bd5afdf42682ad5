import { describe, expect, test } from 'vitest'
import type { LeasedTrial } from '../../../src/store/external-trial-contract.js'
import type { OpenStore } from '../../../src/store/index.js'
import {
  attachWaiting,
  complete,
  expire,
  externalStudy,
  fail,
  news,
  OVERDUE,
  reported,
  resumed,
  suggest,
  suggestOne,
  takeOffer,
  targetOf,
  trialsOf,
} from '../support/external-trials.js'
import { beginTrial, startSearch } from '../support/proxies.js'
import { newId } from '../support/records.js'

/** How trials of others end by the clock, and by people and rules. */
export function externalTrialEndingConformance(store: () => OpenStore): void {
  const { trials, oneTrial, all } = trialsOf(store)
  const due = (leased: LeasedTrial) => trials().renew(targetOf(leased), OVERDUE, resumed)
  const soon = (leased: LeasedTrial, ms: number) =>
    trials().renew(targetOf(leased), ms / 1000, resumed)

  describe('leases of trials of others expire', () => {
    test('when they are due, with their trials, in all studies or in one', async () => {
      const [study, other] = [await externalStudy(store()), await externalStudy(store())]
      const [late, alive, alsoLate] = await suggest(store(), study, 'a', 3)
      const elsewhere = await suggestOne(store(), other)
      for (const leased of [alsoLate, late, elsewhere]) await due(leased)
      const { expired } = await trials().expireDue(news('expired'), study.id)
      expect(expired).toEqual([(await all(late)).trial, (await all(alsoLate)).trial])
      for (const leased of [late, alsoLate]) {
        const { trial, attempts, leases } = await all(leased)
        expect(trial).toMatchObject({ state: 'expired', attempts: 1, finishedAt: null })
        expect(attempts).toMatchObject([{ state: 'lost', finishedAt: expect.any(Date) }])
        expect(leases).toMatchObject([
          { releasedAt: expect.any(Date), expiresAt: expect.any(Date) },
        ])
      }
      const { events } = await all(alive)
      expect(events.slice(3)).toMatchObject(
        [late, alsoLate].map(({ trial: { id, position } }) => ({
          type: 'expired',
          data: { id, state: 'expired', position },
        })),
      )
      expect((await all(alive)).trial.state).toBe('running')
      expect((await all(elsewhere)).trial.state).toBe('running')
      const rest = await trials().expireDue(news('expired'))
      expect(rest.expired.map(({ id }) => id)).toContain(elsewhere.trial.id)
      expect((await trials().expireDue(news('expired'))).expired).toEqual([])
    })

    test('and finish a trial that has no attempt left', async () => {
      const study = await externalStudy(store(), { maxAttempts: 2 })
      const first = await suggestOne(store(), study)
      await expire(store(), first)
      expect((await all(first)).trial.finishedAt).toBeNull()
      await expire(store(), (await takeOffer(store(), study, 'b', 2))!)
      const { trial } = await all(first)
      expect(trial).toMatchObject({ state: 'expired', attempts: 2, finishedAt: expect.any(Date) })
      expect(await trials().cancelAll(study.id, news('cancelled'))).toEqual([])
    })

    test('but not those of workers, which have no clock', async () => {
      const study = await externalStudy(store())
      const search = await startSearch(store(), study, 1)
      const attempt = await beginTrial(store(), search.trials[0])
      await store().trials.renewLease(attempt.id, 'a trainer', new Date(0))
      const waits = await trials().expireDue(news('expired'), study.id)
      expect(waits).toEqual({ expired: [], nextDueInMs: undefined })
      expect(await store().trials.get(search.trials[0].id)).toMatchObject({ state: 'running' })
    })

    test('and it is known when the next one is due', async () => {
      const study = await externalStudy(store())
      const next = async () => (await trials().expireDue(news('expired'), study.id)).nextDueInMs
      expect(await next()).toBeUndefined()
      const [late, first, second] = await suggest(store(), study, 'a', 3)
      await due(late)
      await soon(first, 600_000)
      await soon(second, 3_000_000)
      const inMs = (await next())!
      expect(inMs).toBeGreaterThan(0)
      expect(inMs).toBeLessThanOrEqual(600_000)
      await fail(store(), first)
      expect(await next()).toBeGreaterThan(600_000)
      expect((await trials().expireDue(news('expired'))).nextDueInMs).toBeLessThanOrEqual(3_000_000)
      for (const id of [newId(), 'study-1'])
        expect(await trials().expireDue(news('expired'), id)).toEqual({
          expired: [],
          nextDueInMs: undefined,
        })
    })
  })

  describe('trials of others are given up', () => {
    test('by anyone, for a reason', async () => {
      const leased = await oneTrial()
      const { studyId, id } = leased.trial
      const abandon = (reason: string | null, trialId = id, study = studyId) =>
        trials().abandon(study, trialId, reason, news('abandoned'))
      expect(await abandon('wrong tokenizer')).toMatchObject({
        outcome: 'abandoned',
        trial: { state: 'abandoned', endReason: 'wrong tokenizer', finishedAt: expect.any(Date) },
      })
      const before = await all(leased)
      expect(before.attempts).toMatchObject([{ state: 'cancelled' }])
      expect(before.leases).toMatchObject([{ releasedAt: expect.any(Date) }])
      expect(before.events.at(-1)).toMatchObject({
        type: 'abandoned',
        data: { id, state: 'abandoned', position: 0 },
      })
      expect(await abandon('again')).toEqual({ outcome: 'repeated', trial: before.trial })
      expect(await all(leased)).toEqual(before)
      const done = await oneTrial()
      await complete(store(), done, { last: reported(5) })
      expect(await abandon(null, done.trial.id, done.trial.studyId)).toEqual({
        outcome: 'illegal',
        trial: (await all(done)).trial,
      })
      const study = await externalStudy(store())
      const [proxy] = (await startSearch(store(), study, 1)).trials
      for (const [trialId, of] of [
        [id, study.id],
        [newId(), studyId],
        ['trial-1', studyId],
        [id, 'study-1'],
        [proxy.id, study.id],
      ])
        expect(await abandon(null, trialId, of)).toEqual({ outcome: 'no-trial' })
    })

    test('all at once, except those that have ended', async () => {
      const study = await externalStudy(store())
      const [done, running, failed, expired, without] = await suggest(store(), study, 'a', 5)
      const waiting = await attachWaiting(store(), study)
      await complete(store(), done, { last: reported(5) })
      await fail(store(), failed)
      await expire(store(), expired)
      await complete(store(), without, { kind: 'completed-without-metrics' })
      const [spent] = await suggest(store(), study, 'a')
      await fail(store(), spent, 1)
      const search = await startSearch(store(), study, 1)
      const told = (await all(done)).events.length
      const cancelled = await trials().cancelAll(study.id, news('cancelled'))
      const ids = [running, failed, expired].map(({ trial }) => trial.id)
      expect(cancelled.map(({ id }) => id)).toEqual([...ids, waiting.id])
      for (const trial of cancelled) {
        const { attempts, leases, ...now } = await all({ trial })
        expect(trial).toEqual(now.trial)
        expect(trial).toMatchObject({ state: 'cancelled', problem: null })
        expect(trial.finishedAt).toBeInstanceOf(Date)
        expect(attempts.map(({ state }) => state)).not.toContain('running')
        expect(leases.map(({ releasedAt }) => releasedAt)).not.toContain(null)
      }
      expect((await all(running)).attempts).toMatchObject([{ state: 'cancelled' }])
      const { events } = await all(done)
      expect(events.slice(told).map(({ type, data }) => [type, data.id, data.position])).toEqual(
        cancelled.map(({ id, position }) => ['cancelled', id, position]),
      )
      expect(await trials().counts(study.id)).toMatchObject({
        states: { completed: 1, 'completed-without-metrics': 1, failed: 1, cancelled: 4 },
      })
      expect(await store().trials.get(search.trials[0].id)).toMatchObject({ state: 'waiting' })
      for (const id of [study.id, newId(), 'study-1'])
        expect(await trials().cancelAll(id, news('cancelled'))).toEqual([])
    })
  })

  describe('clients are asked to stop a trial of others', () => {
    const ask = (id: string, reason = 'below the median') =>
      trials().requestStop(id, reason, { type: 'asked', data: {} })

    test('once, while it runs; they learn of it at their next report', async () => {
      const leased = await oneTrial()
      expect(await ask(leased.trial.id)).toBe(true)
      const before = await all(leased)
      expect(before.trial).toMatchObject({
        state: 'running',
        stopRequestedAt: expect.any(Date),
        endReason: 'below the median',
      })
      expect(before.events.at(-1)).toMatchObject({ type: 'asked', data: { position: 0 } })
      expect(await ask(leased.trial.id, 'again')).toBe(false)
      expect(await all(leased)).toEqual(before)
      expect(await trials().renew(targetOf(leased), OVERDUE, resumed)).toMatchObject({
        trial: before.trial,
      })
      await complete(store(), leased, { last: reported(5) })
      expect((await all(leased)).trial).toMatchObject({ state: 'completed', endReason: null })
    })

    test('and not when it does not run, or is none of others', async () => {
      const study = await externalStudy(store())
      const waiting = await attachWaiting(store(), study)
      const [proxy] = (await startSearch(store(), study, 1)).trials
      await beginTrial(store(), proxy)
      const leased = await suggestOne(store(), study)
      await fail(store(), leased)
      for (const id of [waiting.id, proxy.id, leased.trial.id, newId(), 'trial-1'])
        expect(await ask(id)).toBe(false)
      expect((await all({ trial: waiting })).trial.stopRequestedAt).toBeNull()
    })
  })
}
