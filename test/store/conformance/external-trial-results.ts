import { describe, expect, test } from 'vitest'
import type { LeasedTrial } from '../../../src/store/external-trial-contract.js'
import type { OpenStore } from '../../../src/store/index.js'
import {
  allOf,
  complete,
  expire,
  externalStudy,
  fail,
  HOUR,
  measure,
  news,
  recorded,
  reported,
  resumed,
  suggestOne,
  takeOffer,
  targetOf,
  trialsOf,
} from '../support/external-trials.js'
import { newId } from '../support/records.js'

/** How clients end the trials they hold, also late, twice, or one after the other. */
export function externalTrialResultConformance(store: () => OpenStore): void {
  const { trials, oneTrial, all } = trialsOf(store)
  const attemptsOf = async (leased: LeasedTrial) =>
    (await all(leased)).attempts.map(({ state }) => state)

  /** A trial whose lease expired, and which was given to another. */
  async function handedOver(): Promise<{ old: LeasedTrial; heir: LeasedTrial }> {
    const old = await oneTrial()
    await measure(store(), old, reported(100))
    await expire(store(), old)
    return { old, heir: (await takeOffer(store(), { id: old.trial.studyId }, 'b'))! }
  }

  describe('results of trials of others', () => {
    test('complete a trial with the last measurement, given or told before', async () => {
      const [first, second, third] = [await oneTrial(), await oneTrial(), await oneTrial()]
      await measure(store(), first)
      await complete(store(), first, { last: reported(2_000) })
      await measure(store(), second)
      await complete(store(), second, { last: reported(1_000) })
      await measure(store(), third)
      await complete(store(), third)
      for (const [leased, count] of [
        [first, 2],
        [second, 1],
        [third, 1],
      ] as const) {
        const { trial, attempts, leases, measurements, events } = await all(leased)
        expect(trial).toMatchObject({ state: 'completed', endReason: null })
        expect(trial.finishedAt).toEqual(attempts[0].finishedAt)
        expect(attempts).toMatchObject([{ state: 'completed', replicateId: null }])
        expect(leases[0].releasedAt).toBeInstanceOf(Date)
        expect(measurements).toHaveLength(count)
        expect(events.at(-1)).toMatchObject({
          type: 'completed',
          data: { id: trial.id, state: 'completed', lateResultOf: null, position: 0 },
        })
      }
    })

    test('are not taken without any measurement, or with one behind the last', async () => {
      const leased = await oneTrial()
      const before = await all(leased)
      for (const kind of ['completed', 'stopped'] as const)
        expect(await complete(store(), leased, { kind })).toEqual({
          outcome: 'unmeasured',
          trial: before.trial,
        })
      expect(await all(leased)).toEqual(before)
      await measure(store(), leased)
      const measured = await all(leased)
      for (const last of [reported(999), reported(1_000, 7)])
        expect(await complete(store(), leased, { last })).toMatchObject({
          outcome: 'tokens-backwards',
          same: false,
          trial: measured.trial,
          last: recorded(reported(1_000)),
        })
      expect(await all(leased)).toEqual(measured)
    })

    test('told twice are the same, or in conflict', async () => {
      const leased = await oneTrial()
      await measure(store(), leased)
      const last = reported(2_000)
      const first = await complete(store(), leased, { last })
      const before = await all(leased)
      const repeated = {
        outcome: 'repeated',
        trial: before.trial,
        last: before.measurements.at(-1),
      }
      expect(first).toEqual({ ...repeated, outcome: 'completed' })
      expect(await complete(store(), leased, { last })).toEqual(repeated)
      expect(await complete(store(), leased)).toEqual(repeated)
      const others = [
        { last: reported(2_000, 7) },
        { last: reported(3_000) },
        { last: reported(1_000) },
        { kind: 'stopped', last } as const,
        { kind: 'completed-without-metrics' } as const,
      ]
      for (const other of others)
        expect(await complete(store(), leased, other)).toMatchObject({
          outcome: 'conflict',
          trial: before.trial,
          last: recorded(last),
        })
      expect(await all(leased)).toEqual(before)
    })

    test('stop a trial early, for the reason given or asked for', async () => {
      const [asked, own] = [await oneTrial(), await oneTrial()]
      await trials().requestStop(asked.trial.id, 'below the median', { type: 'ask', data: {} })
      await complete(store(), asked, { kind: 'stopped', last: reported(5) })
      await complete(store(), own, { kind: 'stopped', last: reported(5), reason: 'NaN' })
      const reasons = ['below the median', 'NaN']
      for (const [index, leased] of [asked, own].entries()) {
        const { trial, attempts } = await all(leased)
        expect(trial).toMatchObject({ state: 'stopped', endReason: reasons[index] })
        expect(attempts).toMatchObject([{ state: 'stopped' }])
        const again = await complete(store(), leased, { kind: 'stopped', last: reported(5) })
        expect(again).toMatchObject({ outcome: 'repeated', trial, last: { tokens: 5 } })
        const conflict = await complete(store(), leased, { last: reported(5) })
        expect(conflict).toMatchObject({ outcome: 'conflict', trial })
      }
    })

    test('may lack metrics, which can follow', async () => {
      const leased = await oneTrial()
      const without = { kind: 'completed-without-metrics' } as const
      expect(await complete(store(), leased, without)).toMatchObject({
        outcome: 'completed',
        trial: { state: 'completed-without-metrics', finishedAt: expect.any(Date) },
      })
      const before = await all(leased)
      const { trial } = before
      expect(await complete(store(), leased, without)).toEqual({ outcome: 'repeated', trial })
      expect(await complete(store(), leased)).toEqual({ outcome: 'unmeasured', trial })
      expect(await measure(store(), leased)).toEqual({ outcome: 'illegal', trial })
      expect(await all(leased)).toEqual(before)
      expect(await complete(store(), leased, { last: reported(9) })).toMatchObject({
        outcome: 'completed',
        trial: { state: 'completed', finishedAt: trial.finishedAt },
      })
      expect(await attemptsOf(leased)).toEqual(['completed'])
      expect(await complete(store(), leased, without)).toMatchObject({ outcome: 'conflict' })
    })
  })

  describe('late results of trials of others', () => {
    test('complete a trial that another client has, whose own result is a replicate', async () => {
      const { old, heir } = await handedOver()
      await measure(store(), heir, reported(50))
      const late = await complete(store(), old, { last: reported(1_000, 1) })
      expect(late).toMatchObject({ outcome: 'completed', trial: { id: old.trial.id, attempts: 2 } })
      const before = await all(old)
      expect(before.trial.state).toBe('completed')
      expect(before.attempts.map(({ state }) => state)).toEqual(['completed', 'superseded'])
      expect(before.leases.map(({ releasedAt }) => releasedAt)).not.toContain(null)
      expect(before.measurements.at(-1)).toMatchObject(recorded(reported(1_000, 1)))
      expect(await trials().renew(targetOf(heir), HOUR, resumed)).toEqual({
        outcome: 'illegal',
        trial: before.trial,
      })
      expect(await measure(store(), heir)).toMatchObject({ outcome: 'illegal' })
      expect(await all(old)).toEqual(before)

      const replicateId = newId()
      const second = await complete(store(), heir, { last: reported(1_000, 2), replicateId })
      if (second.outcome !== 'replicate') throw new Error(second.outcome)
      const { id, position, createdAt, finishedAt, attempts, ...same } = before.trial
      expect(second.trial).toMatchObject({ ...same, id: replicateId, replicateOf: id })
      expect(second.trial).toMatchObject({ position: 1, attempts: 1, state: 'completed' })
      const replicate = await allOf(store(), second.trial)
      expect(replicate.trial).toEqual(second.trial)
      expect(replicate.attempts).toMatchObject([
        { state: 'completed', number: 1, startedAt: heir.attempt.startedAt },
      ])
      expect(replicate.measurements).toMatchObject([recorded(reported(1_000, 2))])
      expect(replicate.events.at(-1)).toMatchObject({
        type: 'completed',
        data: { id: replicateId, state: 'completed', lateResultOf: id, position: 1 },
      })
      const after = await all(old)
      expect(after.attempts[1].replicateId).toBe(replicateId)
      expect({ ...after, events: 0, attempts: 0 }).toEqual({ ...before, events: 0, attempts: 0 })
      expect((await store().studies.get(same.studyId))!.externalTrials).toBe(2)
    })

    test('of a completed trial are kept as replicates, once for each attempt', async () => {
      const { old, heir } = await handedOver()
      await complete(store(), heir, { last: reported(1_000, 1) })
      const before = await all(heir)
      const first = await complete(store(), old)
      if (first.outcome !== 'replicate') throw new Error(first.outcome)
      const { trial } = first
      const kept = await allOf(store(), trial)
      expect(kept.measurements).toMatchObject([recorded(reported(100))])
      for (const last of [reported(100), undefined])
        expect(await complete(store(), old, { last })).toEqual({
          outcome: 'repeated',
          trial,
          last: kept.measurements[0],
        })
      for (const other of [
        { last: reported(200) },
        { kind: 'stopped' } as const,
        { kind: 'completed-without-metrics' } as const,
      ])
        expect(await complete(store(), old, other)).toMatchObject({
          outcome: 'conflict',
          trial,
          last: recorded(reported(100)),
        })
      expect(await allOf(store(), trial)).toEqual(kept)
      expect((await all(heir)).measurements).toEqual(before.measurements)
      expect(await complete(store(), heir)).toMatchObject({ outcome: 'repeated' })
    })

    test('take the place of a completion without metrics', async () => {
      const { old, heir } = await handedOver()
      await complete(store(), heir, { kind: 'completed-without-metrics' })
      expect(await complete(store(), old)).toMatchObject({
        outcome: 'completed',
        trial: { state: 'completed' },
      })
      expect(await attemptsOf(old)).toEqual(['completed', 'superseded'])
      expect(await complete(store(), heir, { last: reported(5) })).toMatchObject({
        outcome: 'replicate',
        trial: { replicateOf: old.trial.id },
      })
    })

    test('are taken of an attempt that was said to have failed, in whosever hands the trial is', async () => {
      const [alone, old] = [await oneTrial(), await oneTrial()]
      await fail(store(), alone)
      await fail(store(), old)
      const heir = (await takeOffer(store(), { id: old.trial.studyId }, 'b'))!
      for (const leased of [alone, old]) {
        const completed = await complete(store(), leased, { last: reported(5) })
        expect(completed).toMatchObject({ outcome: 'completed', trial: { problem: null } })
        expect((await all(leased)).attempts[0]).toMatchObject({ state: 'completed', problem: null })
      }
      expect(await complete(store(), heir, { last: reported(6) })).toMatchObject({
        outcome: 'replicate',
      })
    })

    test('are not taken of a trial that was given up', async () => {
      const { old, heir } = await handedOver()
      const { studyId, id } = old.trial
      await trials().abandon(studyId, id, 'a typing error', news('abandoned'))
      const before = await all(old)
      for (const leased of [old, heir])
        expect(await complete(store(), leased, { last: reported(1_000) })).toEqual({
          outcome: 'illegal',
          trial: before.trial,
        })
      expect(await all(old)).toEqual(before)
    })
  })

  describe('failures of trials of others', () => {
    test('leave the trial to others while it has attempts, and are told once', async () => {
      const study = await externalStudy(store())
      const first = await suggestOne(store(), study)
      expect(await fail(store(), first, 2)).toMatchObject({
        outcome: 'failed',
        trial: { state: 'failed', problem: { code: 'x' }, finishedAt: null },
      })
      const before = await all(first)
      expect(before.attempts).toMatchObject([{ state: 'failed', problem: { code: 'x' } }])
      expect(await fail(store(), first, 2)).toEqual({ outcome: 'repeated', trial: before.trial })
      expect(await all(first)).toEqual(before)
      const second = (await takeOffer(store(), study, 'b', 2))!
      expect(await fail(store(), first, 2)).toMatchObject({
        outcome: 'repeated',
        trial: { state: 'running' },
      })
      expect(await fail(store(), second, 2)).toMatchObject({
        trial: { state: 'failed', finishedAt: expect.any(Date) },
      })
      expect(await takeOffer(store(), study, 'c', 9)).toBeUndefined()
    })

    test('of an expired lease count as failures', async () => {
      const leased = await oneTrial()
      await expire(store(), leased)
      expect(await fail(store(), leased)).toMatchObject({ trial: { state: 'failed' } })
      expect(await attemptsOf(leased)).toEqual(['failed'])
    })
  })
}
