import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../src/errors.js'
import type { Compute, TrainOutcome } from '../../src/studies/ports.js'
import { deferred } from './queue-conformance.js'
import { idle, OUTCOME, untilAborted, waitForState } from './study-fixtures.js'
import { attemptsOf, insertSearch, measurementAt, searchEnd, TRAINED } from './trial-fixtures.js'
import type { WorkHarness } from './work-harness.js'

/** That no trial is lost and none counts twice, whatever dies or forgets. */
export function trialRecoveryConformance(harness: WorkHarness): void {
  describe('recovery of trials', () => {
    test('a trial whose worker died is lost, and completed by another as one and the same', async () => {
      const { store } = harness
      const { trials } = await insertSearch(store, 1)
      const [{ id, jobId }] = trials
      await store.jobs.claim(jobId, 'a worker that died', new Date())
      const dead = (await store.trials.beginAttempt(id, 'a worker that died', new Date()))!
      await harness.startWith(
        await harness.open(),
        { train: async () => TRAINED },
        { soleProcess: true },
      )
      await waitForState(store, jobId, 'succeeded')
      expect(await attemptsOf(store, id)).toEqual(['lost', 'completed'])
      // The dead one comes back, and is too late.
      const last = { tokens: 4096, values: {}, standardErrors: {}, details: {} }
      expect(await store.trials.complete(dead.id, 'a worker that died', last)).toBe(false)
      expect(await store.trials.measurements(id)).toMatchObject([{ values: { 'loss/web': 3 } }])
    })

    test('a trial that ends its worker again and again is set aside', async () => {
      const { store } = harness
      const { trials } = await insertSearch(store, 1)
      const [{ id, jobId }] = trials
      const future = new Date(Date.now() + 60_000)
      for (const worker of ['first', 'second']) {
        await store.jobs.claim(jobId, worker, future)
        await store.trials.beginAttempt(id, worker, future)
        await store.jobs.requeueOrphan(jobId, future)
      }
      const queue = await harness.open()
      await harness.startWith(
        queue,
        { train: () => Promise.reject(new Error('it was trained')) },
        { settings: { maxStarts: 2 } },
      )
      await queue.ring('trial', jobId)
      const { problem } = await waitForState(store, jobId, 'failed')
      expect(problem).toMatchObject({
        code: 'training-failed',
        detail: expect.stringContaining('2 times'),
      })
      expect(await attemptsOf(store, id)).toEqual(['lost', 'lost', 'failed'])
    })

    test('measurements that cannot be stored for a moment are stored, and the trial completes', async () => {
      const { store } = harness
      const { trials } = await insertSearch(store, 1)
      const queue = await harness.open()
      let failures = 2
      const measure: typeof store.trials.measure = async (...args) => {
        if (failures-- > 0) throw new Error('connection lost')
        return store.trials.measure(...args)
      }
      const train: Compute['train'] = async (_, { onEvent }) => {
        onEvent?.({ type: 'measurement', measurement: measurementAt(1024) })
        onEvent?.({ type: 'measurement', measurement: measurementAt(2048) })
        return TRAINED
      }
      await harness.startWith(
        queue,
        { train },
        { store: { ...store, trials: { ...store.trials, measure } } },
      )
      await queue.ring('trial', trials[0].jobId)
      await waitForState(store, trials[0].jobId, 'succeeded')
      const measured = await store.trials.measurements(trials[0].id)
      expect(measured.map(({ tokens }) => tokens)).toEqual([1024, 2048, 4096])
    })

    test('the checkpoint of a completed trial is removed, that of one set aside is kept for a while', async () => {
      const { store } = harness
      const { trials } = await insertSearch(store, 2)
      const queue = await harness.open()
      const train: Compute['train'] = async ({ checkpointFile, seed }): Promise<TrainOutcome> => {
        mkdirSync(path.dirname(checkpointFile), { recursive: true })
        writeFileSync(checkpointFile, 'a checkpoint')
        if (seed === 101) throw new MixwrightError('training-diverged', 'The loss was NaN.')
        return TRAINED
      }
      await harness.startWith(queue, { train })
      for (const { jobId } of trials) await queue.ring('trial', jobId)
      await waitForState(store, trials[0].jobId, 'succeeded')
      await waitForState(store, trials[1].jobId, 'failed')
      await idle(queue)
      const kept = (await harness.dataFolder.checkpoints()).map(({ trialId }) => trialId)
      expect(kept).not.toContain(trials[0].id)
      expect(kept).toContain(trials[1].id)
    })

    test('the lease of a trial at work is renewed, and a lost one stops it', async () => {
      const { store } = harness
      const { trials } = await insertSearch(store, 1)
      const [{ id, jobId }] = trials
      const queue = await harness.open()
      const begun = deferred<void>()
      const stopped = deferred<unknown>()
      const train: Compute['train'] = async (_, { signal }) => {
        begun.resolve()
        signal?.addEventListener('abort', () => stopped.resolve(signal.reason), { once: true })
        return untilAborted(signal)
      }
      await harness.startWith(queue, { train })
      await queue.ring('trial', jobId)
      await begun.promise
      const lease = async () => {
        const [attempt] = await store.trials.attempts(id)
        return (await store.trials.leases(attempt.id))[0]
      }
      const first = await lease()
      for (let last = first; last.expiresAt <= first.expiresAt; last = await lease()) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      // Another worker takes the job over, as if this one had been silent for too long.
      await store.jobs.claim(jobId, 'another worker', new Date(Date.now() + 60_000))
      await store.trials.beginAttempt(id, 'another worker', new Date(Date.now() + 60_000))
      expect(await stopped.promise).toBe('lost')
      await idle(queue)
      expect(await attemptsOf(store, id)).toEqual(['lost', 'running'])
    })

    test('a search whose last step was missed is taken on by the reconciler', async () => {
      const { store } = harness
      const { searchId, trials } = await insertSearch(store, 3)
      for (const { id, jobId } of trials) {
        await store.jobs.claim(jobId, 'a worker that died', new Date())
        const attempt = (await store.trials.beginAttempt(id, 'a worker that died', new Date()))!
        const last = { tokens: 4096, values: { 'loss/web': 3 }, standardErrors: {}, details: {} }
        await store.trials.complete(attempt.id, 'a worker that died', last)
      }
      expect((await store.searches.get(searchId))?.state).toBe('running')
      await harness.startWith(await harness.open(), { recommend: async () => OUTCOME })
      expect((await searchEnd(harness.store, searchId)).state).toBe('finished')
    })
  })
}
