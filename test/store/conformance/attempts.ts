import { describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import { beginTrial, IN_A_MINUTE, measured, startSearch } from '../support/proxies.js'
import { newStudy } from '../support/records.js'

const LONG_AGO = new Date(0)
const IN_AN_HOUR = () => new Date(Date.now() + 3_600_000)
const PROBLEM = { code: 'training-failed', detail: 'no' }

export function attemptConformance(store: () => OpenStore): void {
  const trials = () => store().trials
  const anySearch = async (count = 2) =>
    startSearch(store(), await store().studies.insert(newStudy()), count)
  const oneTrial = async () => (await anySearch(1)).trials[0]
  const stateOf = async (trial: { id: string; jobId: string }) => ({
    trial: (await trials().get(trial.id))?.state,
    job: (await store().jobs.get(trial.jobId))?.state,
    attempts: (await trials().attempts(trial.id)).map(({ state }) => state),
  })

  describe('attempts at trials', () => {
    test('are begun by the worker that holds their job, with a lease', async () => {
      const trial = await oneTrial()
      expect(await trials().beginAttempt(trial.id, 'w', IN_A_MINUTE())).toBeUndefined()
      await store().jobs.claim(trial.jobId, 'w', LONG_AGO)
      expect(await trials().beginAttempt(trial.id, 'other', IN_A_MINUTE())).toBeUndefined()
      const until = IN_A_MINUTE()
      const attempt = (await trials().beginAttempt(trial.id, 'w', until))!
      expect(attempt).toMatchObject({
        trialId: trial.id,
        number: 1,
        state: 'running',
        problem: null,
        finishedAt: null,
      })
      expect(await trials().get(trial.id)).toMatchObject({ state: 'running', attempts: 1 })
      expect(await trials().attempts(trial.id)).toEqual([attempt])
      expect(await trials().leases(attempt.id)).toMatchObject([
        { attemptId: attempt.id, holder: 'w', expiresAt: until, releasedAt: null },
      ])
      const later = IN_AN_HOUR()
      expect(await trials().renewLease(attempt.id, 'other', later)).toBe(false)
      expect(await trials().renewLease(attempt.id, 'w', later)).toBe(true)
      expect(await trials().leases(attempt.id)).toMatchObject([{ expiresAt: later }])
    })

    test('lose an attempt that was left open when the next one begins', async () => {
      const trial = await oneTrial()
      const dead = await beginTrial(store(), trial, 'dead')
      await store().jobs.claim(trial.jobId, 'heir', IN_AN_HOUR())
      const next = (await trials().beginAttempt(trial.id, 'heir', IN_A_MINUTE()))!
      expect(next.number).toBe(2)
      const [lost, running] = await trials().attempts(trial.id)
      expect(lost).toMatchObject({ id: dead.id, state: 'lost', problem: null })
      expect(lost.finishedAt).toBeInstanceOf(Date)
      expect(running).toEqual(next)
      expect((await trials().leases(dead.id))[0].releasedAt).toBeInstanceOf(Date)

      expect(await trials().renewLease(dead.id, 'dead', IN_AN_HOUR())).toBe(false)
      const late = { trialId: trial.id, attemptId: dead.id, ...measured(100) }
      expect(await trials().measure(late)).toBe(false)
      expect(await trials().complete(dead.id, 'dead', measured(100))).toBe(false)
      expect(await trials().complete(dead.id, 'heir', measured(100))).toBe(false)
      const end = { state: 'failed', problem: null, retry: false } as const
      expect(await trials().endAttempt(dead.id, 'dead', end)).toBe(false)
      expect(await stateOf(trial)).toEqual({
        trial: 'running',
        job: 'running',
        attempts: ['lost', 'running'],
      })
      expect(await trials().measurements(trial.id)).toEqual([])
    })

    test('keep measurements as they were given, one for each number of tokens', async () => {
      const trial = await oneTrial()
      const attempt = await beginTrial(store(), trial)
      const ids = { trialId: trial.id, attemptId: attempt.id }
      const exact = { ...measured(2_000), values: { z: 0.1 + 0.2, a: 5e-324 } }
      expect(await trials().measure({ ...ids, ...exact })).toBe(true)
      expect(await trials().measure({ ...ids, ...measured(1_000) })).toBe(true)
      expect(await trials().measure({ ...ids, ...measured(2_000) })).toBe(false)
      const kept = await trials().measurements(trial.id)
      expect(kept).toMatchObject([
        { ...ids, ...measured(1_000) },
        { ...ids, ...exact },
      ])
      expect(JSON.stringify(kept[1].values)).toBe(JSON.stringify(exact.values))
      expect(kept[0].createdAt).toBeInstanceOf(Date)
      const changing = store().pool.query('update mixwright.measurements set details = null')
      await expect(changing).rejects.toThrow(/append-only/)
    })

    test('go on with what earlier attempts measured', async () => {
      const trial = await oneTrial()
      const first = await beginTrial(store(), trial, 'a')
      await trials().measure({ trialId: trial.id, attemptId: first.id, ...measured(100, 1) })
      await trials().endAttempt(first.id, 'a', { state: 'failed', problem: PROBLEM, retry: true })
      const second = await beginTrial(store(), trial, 'b')
      const again = { trialId: trial.id, attemptId: second.id, ...measured(100, 2) }
      expect(await trials().measure(again)).toBe(false)
      expect(await trials().complete(second.id, 'b', measured(200, 3))).toBe(true)
      const kept = await trials().measurements(trial.id)
      expect(kept.map(({ tokens, attemptId }) => [tokens, attemptId])).toEqual([
        [100, first.id],
        [200, second.id],
      ])
    })

    test('complete with their last measurement, attempt, lease and job', async () => {
      const trial = await oneTrial()
      const attempt = await beginTrial(store(), trial, 'w')
      expect(await trials().complete(attempt.id, 'other', measured(900))).toBe(false)
      expect(await trials().measurements(trial.id)).toEqual([])
      expect(await trials().complete(attempt.id, 'w', measured(900))).toBe(true)
      expect(await trials().complete(attempt.id, 'w', measured(901))).toBe(false)

      expect(await stateOf(trial)).toEqual({
        trial: 'completed',
        job: 'succeeded',
        attempts: ['completed'],
      })
      expect((await trials().get(trial.id))!.finishedAt).toBeInstanceOf(Date)
      expect((await trials().leases(attempt.id))[0].releasedAt).toBeInstanceOf(Date)
      expect(await trials().measurements(trial.id)).toMatchObject([measured(900)])
      expect(await trials().beginAttempt(trial.id, 'w', IN_A_MINUTE())).toBeUndefined()
      expect(await trials().settle(trial.id)).toBe(false)
    })

    test('wait for the next attempt after one that is to be repeated', async () => {
      const trial = await oneTrial()
      const attempt = await beginTrial(store(), trial, 'w')
      const end = { state: 'interrupted', problem: null, retry: true } as const
      expect(await trials().endAttempt(attempt.id, 'other', end)).toBe(false)
      expect(await trials().endAttempt(attempt.id, 'w', end)).toBe(true)
      expect(await trials().endAttempt(attempt.id, 'w', end)).toBe(false)
      expect(await stateOf(trial)).toEqual({
        trial: 'waiting',
        job: 'queued',
        attempts: ['interrupted'],
      })
      expect((await trials().leases(attempt.id))[0].releasedAt).toBeInstanceOf(Date)
      expect((await beginTrial(store(), trial, 'v')).number).toBe(2)
    })

    test('are set aside with their problem after the last attempt', async () => {
      const trial = await oneTrial()
      const attempt = await beginTrial(store(), trial, 'w')
      const end = { state: 'failed', problem: PROBLEM, retry: false } as const
      expect(await trials().endAttempt(attempt.id, 'w', end)).toBe(true)
      expect(await stateOf(trial)).toEqual({ trial: 'failed', job: 'failed', attempts: ['failed'] })
      const ended = await trials().get(trial.id)
      expect(ended).toMatchObject({ problem: PROBLEM, attempts: 1 })
      expect(ended!.finishedAt).toBeInstanceOf(Date)
      expect((await trials().attempts(trial.id))[0].problem).toEqual(PROBLEM)
      expect((await store().jobs.get(trial.jobId))!.problem).toEqual(PROBLEM)
    })

    test('are cancelled by their worker, also when it would have repeated them', async () => {
      const [asked, unasked] = (await anySearch(2)).trials
      const first = await beginTrial(store(), unasked, 'w')
      const cancelled = { state: 'cancelled', problem: null, retry: false } as const
      expect(await trials().endAttempt(first.id, 'w', cancelled)).toBe(true)
      expect(await stateOf(unasked)).toEqual({
        trial: 'cancelled',
        job: 'cancelled',
        attempts: ['cancelled'],
      })
      const second = await beginTrial(store(), asked, 'w')
      await store().jobs.requestCancel(asked.jobId)
      const failed = { state: 'failed', problem: PROBLEM, retry: true } as const
      expect(await trials().endAttempt(second.id, 'w', failed)).toBe(true)
      expect(await stateOf(asked)).toEqual({
        trial: 'cancelled',
        job: 'cancelled',
        attempts: ['failed'],
      })
      expect((await trials().get(asked.id))!.problem).toBeNull()
    })
  })
}
