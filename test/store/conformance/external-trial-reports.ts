import { describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import {
  attachWaiting,
  complete,
  expire,
  externalStudy,
  fail,
  HOUR,
  measure,
  news,
  OVERDUE,
  recorded,
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

/** What clients tell of the trials they hold. */
export function externalTrialReportConformance(store: () => OpenStore): void {
  const { trials, oneTrial, all } = trialsOf(store)

  /** By the clock of the database. */
  async function secondsLeft(lease: string): Promise<number> {
    const { rows } = await store().pool.query(
      'select extract(epoch from expires_at - now())::double precision as left from mixwright.leases where id = $1',
      [lease],
    )
    return rows[0].left as number
  }

  describe('signs of life and measurements of trials of others', () => {
    test('renew the lease, also backwards', async () => {
      const leased = await oneTrial()
      for (const seconds of [HOUR, 60]) {
        const kept = await trials().renew(targetOf(leased), seconds, resumed)
        const { leases } = await all(leased)
        expect(kept).toEqual({ ...leased, outcome: 'kept', lease: leases[0] })
        expect(leases[0]).toEqual({ ...leased.lease, expiresAt: expect.any(Date) })
        const left = await secondsLeft(leased.lease.id)
        expect(left).toBeLessThanOrEqual(seconds)
        expect(left).toBeGreaterThan(seconds - 30)
      }
    })

    test('are kept as they were given, with an event', async () => {
      const leased = await oneTrial()
      const exact = { ...reported(0), values: { z: 0.1 + 0.2, a: 5e-324, 'é"\n': -1.5e300 } }
      const event = news('measured')
      const outcome = await trials().measure(targetOf(leased), exact, HOUR, event, resumed)
      expect(outcome).toEqual({
        ...leased,
        outcome: 'kept',
        lease: { ...leased.lease, expiresAt: expect.any(Date) },
      })
      expect(await secondsLeft(leased.lease.id)).toBeGreaterThan(HOUR - 30)
      await measure(store(), leased, reported(1e15))
      const { measurements, events, attempts } = await all(leased)
      expect(measurements).toMatchObject(
        [exact, reported(1e15)].map(({ objective, ...kept }) => kept),
      )
      expect(JSON.stringify(measurements[0].values)).toBe(JSON.stringify(exact.values))
      expect(measurements[0].attemptId).toBe(attempts[0].id)
      expect(events[1]).toMatchObject({
        type: 'measured',
        data: { id: leased.trial.id, state: 'running', lateResultOf: null, position: 0 },
      })
    })

    test('wake those who follow the events', async () => {
      const leased = await oneTrial()
      const heard = new Promise<void>((resolve, reject) => {
        const listening = store().events.listen((studyId) => {
          if (studyId === leased.trial.studyId) resolve(listening.then((stop) => stop()))
        })
        listening.then(() => measure(store(), leased)).catch(reject)
      })
      await heard
    })

    test('must go on in tokens; the same one sent again only renews the lease', async () => {
      const leased = await oneTrial()
      const [first, second] = [reported(1_000), reported(2_000)]
      for (const next of [first, second]) await measure(store(), leased, next)
      const before = await all(leased)
      const wrong = [
        reported(1_500),
        { ...second, values: { ...second.values, accuracy: 0 } },
        { ...second, values: { 'loss/web': second.values['loss/web'] } },
        { ...second, standardErrors: {} },
        { ...second, details: { step: 7 } },
        { ...reported(2_000), tokens: 1_000 },
        reported(0),
      ]
      for (const next of wrong)
        expect(await measure(store(), leased, next)).toMatchObject({
          outcome: 'tokens-backwards',
          same: false,
          last: recorded(second),
          lease: { id: leased.lease.id },
          trial: before.trial,
        })
      expect(await all(leased)).toEqual(before)

      const turned = {
        ...second,
        values: Object.fromEntries(Object.entries(second.values).reverse()),
      }
      await trials().renew(targetOf(leased), OVERDUE, resumed)
      for (const next of [second, first, turned])
        expect(await measure(store(), leased, next)).toMatchObject({
          outcome: 'tokens-backwards',
          same: true,
          last: { ...recorded(second), trialId: leased.trial.id, attemptId: leased.attempt.id },
        })
      const { leases, ...after } = await all(leased)
      expect(leases[0].expiresAt.getTime()).toBeGreaterThan(Date.now())
      expect(after).toEqual({ ...before, leases: undefined })
    })

    test('are refused of trials and leases that are not the client’s', async () => {
      const study = await externalStudy(store())
      const [leased, other] = await suggest(store(), study, 'a', 2)
      const [theirs] = await suggest(store(), study, 'b')
      const waiting = await attachWaiting(store(), study)
      const elsewhere = await externalStudy(store())
      const proxy = (await startSearch(store(), study, 1)).trials[0]
      const attempt = await beginTrial(store(), proxy, 'a')
      const [worker] = await store().trials.leases(attempt.id)
      const cases = {
        'no-trial': [
          { trialId: newId() },
          { trialId: 'trial-1' },
          { studyId: 'study-1' },
          { studyId: elsewhere.id },
          { studyId: newId() },
          { trialId: proxy.id, leaseId: worker.id },
        ],
        'not-your-lease': [
          { leaseId: newId() },
          { leaseId: 'lease-1' },
          { leaseId: other.lease.id },
          { leaseId: theirs.lease.id },
          { leaseId: worker.id },
          { client: 'b' },
          { trialId: waiting.id },
          { trialId: theirs.trial.id, leaseId: theirs.lease.id },
        ],
      }
      const before = await all(leased)
      for (const [outcome, changes] of Object.entries(cases))
        for (const change of changes) {
          const target = targetOf(leased, change)
          const end = { kind: 'completed', last: reported(1), reason: null } as const
          const event = news('never')
          expect([
            await trials().renew(target, HOUR, resumed),
            await trials().measure(target, reported(1), HOUR, event, resumed),
            await trials().complete(target, { ...end, replicateId: newId() }, event),
            await trials().fail(target, {}, 3, event),
          ]).toEqual(Array.from({ length: 4 }, () => ({ outcome })))
        }
      expect(await all(leased)).toEqual(before)
    })

    test('find no trial once the study is deleted', async () => {
      const leased = await oneTrial()
      await store().studies.delete(leased.trial.studyId)
      const { studyId, id } = leased.trial
      expect([
        await trials().renew(targetOf(leased), HOUR, resumed),
        await measure(store(), leased),
        await complete(store(), leased, { last: reported(1) }),
        await fail(store(), leased),
        await trials().abandon(studyId, id, null, news('abandoned')),
      ]).toEqual(Array.from({ length: 5 }, () => ({ outcome: 'no-trial' })))
    })
  })

  describe('leases that have expired', () => {
    test('come back with the next sign of life while nobody else was given the trial', async () => {
      const leased = await oneTrial()
      for (const sign of ['renew', 'measure', 'same'] as const) {
        await expire(store(), leased)
        const lost = await all(leased)
        expect(lost.trial.state).toBe('expired')
        expect(lost.attempts).toMatchObject([{ state: 'lost', finishedAt: expect.any(Date) }])
        expect(lost.leases).toMatchObject([{ releasedAt: expect.any(Date) }])
        if (sign === 'renew') await trials().renew(targetOf(leased), HOUR, resumed)
        else await measure(store(), leased)
        const { trial, attempts, leases, events } = await all(leased)
        expect(trial).toEqual(leased.trial)
        expect(attempts).toEqual([leased.attempt])
        expect(events.filter(({ id }) => id > lost.events.at(-1)!.id)).toMatchObject(
          (sign === 'measure' ? ['resumed', 'measured'] : ['resumed']).map((type) => ({
            type,
            data: { id: leased.trial.id, position: 0 },
          })),
        )
        expect(leases).toMatchObject([{ id: leased.lease.id, releasedAt: null }])
        expect(leases[0].expiresAt.getTime()).toBeGreaterThan(Date.now())
      }
    })

    test('come back to a trial that had no attempt left', async () => {
      const leased = await suggestOne(store(), await externalStudy(store(), { maxAttempts: 1 }))
      await expire(store(), leased)
      expect((await all(leased)).trial).toMatchObject({
        state: 'expired',
        finishedAt: expect.any(Date),
      })
      expect(await trials().renew(targetOf(leased), HOUR, resumed)).toMatchObject({
        outcome: 'kept',
        trial: { state: 'running', finishedAt: null },
      })
    })

    test('are lost once the trial is given to another', async () => {
      const study = await externalStudy(store())
      const old = await suggestOne(store(), study)
      await measure(store(), old)
      await expire(store(), old)
      const heir = (await takeOffer(store(), study, 'b'))!
      const before = await all(heir)
      const lost = { outcome: 'lease-lost', trial: before.trial }
      expect([
        await trials().renew(targetOf(old), HOUR, resumed),
        await measure(store(), old, reported(2_000)),
        await measure(store(), old),
        await fail(store(), old),
        await complete(store(), old, { kind: 'stopped', last: reported(2_000) }),
        await complete(store(), old, { kind: 'completed-without-metrics' }),
      ]).toEqual(Array.from({ length: 6 }, () => lost))
      expect(await all(heir)).toEqual(before)
      // Tokens are counted by attempt: the heir begins at the beginning.
      expect(await measure(store(), heir, reported(10))).toMatchObject({ outcome: 'kept' })
    })
  })
}
