import { randomUUID } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import { describe, expect, test } from 'vitest'
import type { JobRecord } from '../../src/store/records.js'
import type { Store } from '../../src/store/store.js'
import type { Compute, RecommendOutcome } from '../../src/studies/ports.js'
import { deferred } from './queue-conformance.js'
import {
  IMPORT,
  idle,
  idleBut,
  insertStudy,
  OUTCOME,
  requestFit,
  waitFor,
  waitForState,
} from './study-fixtures.js'
import type { WorkHarness } from './work-harness.js'

/** That no job is lost, whatever dies or forgets. */
export function recoveryConformance(harness: WorkHarness): void {
  describe('recovery', () => {
    test('a job whose worker died is taken up again once its heartbeat is old, and not before', async () => {
      const { store } = harness
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      await store.jobs.claim(jobId, 'a worker that died', new Date())
      const patient = await harness.start(await harness.open(), async () => OUTCOME)
      await patient.reconcile()
      expect(await store.jobs.get(jobId)).toMatchObject({ state: 'running', attempts: 1 })
      await patient.close(0)
      const staleMs = 100
      await waitFor(store, jobId, ({ heartbeatAt }) => Number(heartbeatAt) + staleMs < Date.now())
      await harness.start(await harness.open(), async () => OUTCOME, { settings: { staleMs } })
      expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 2 })
    })

    test('the sole process takes up at its start what the one before left running', async () => {
      const { store } = harness
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      await store.jobs.claim(jobId, 'a worker that died', new Date())
      await harness.start(await harness.open(), async () => OUTCOME, { soleProcess: true })
      expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 2 })
    })

    test('the heartbeats of a living worker keep its job from being taken up', async () => {
      const { store } = harness
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const prefix = randomUUID()
      const queue = await harness.open(prefix)
      const begun = deferred<void>()
      const end = deferred<RecommendOutcome>()
      let calls = 0
      const recommend: Compute['recommend'] = () => {
        calls++
        begun.resolve()
        return end.promise
      }
      const settings = { staleMs: 1500 }
      const one = await harness.start(queue, recommend, { settings })
      await queue.ring('fit', jobId)
      await begun.promise
      const { heartbeatAt } = (await store.jobs.get(jobId)) as JobRecord
      await waitFor(
        store,
        jobId,
        (job) => Number(job.heartbeatAt) > Number(heartbeatAt) + settings.staleMs,
      )
      await one.reconcile()
      await idleBut(queue, 1)
      expect(await store.jobs.get(jobId)).toMatchObject({ state: 'running', attempts: 1 })
      end.resolve(OUTCOME)
      await waitForState(store, jobId, 'succeeded')
      expect(calls).toBe(1)
    })

    test('a job that was never announced is found by the reconciler in its turn', async () => {
      const { store } = harness
      await harness.start(await harness.open(), async () => OUTCOME, { reconcileMs: 30 })
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 1 })
    })

    test('a queue that forgets everything loses no job', async (context) => {
      if (!harness.loseQueue) return context.skip()
      const { store } = harness
      const study = await insertStudy(store)
      const jobs = await Promise.all(Array.from({ length: 5 }, () => requestFit(store, study, [])))
      const queue = await harness.open()
      const begun = deferred<void>()
      const end = deferred<RecommendOutcome>()
      const workers = await harness.start(queue, () => {
        begun.resolve()
        return end.promise
      })
      for (const { jobId } of jobs) await queue.ring('fit', jobId)
      await begun.promise
      await harness.loseQueue()
      end.resolve(OUTCOME)
      await workers.reconcile()
      for (const { jobId } of jobs) await waitForState(store, jobId, 'succeeded')
    })

    test('a job that ends its worker again and again is given up', async () => {
      const { store } = harness
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const future = new Date(Date.now() + 60_000)
      for (const worker of ['first', 'second']) {
        await store.jobs.claim(jobId, worker, future)
        await store.jobs.requeueOrphan(jobId, future)
      }
      const queue = await harness.open()
      let calls = 0
      const recommend: Compute['recommend'] = async () => {
        calls++
        return OUTCOME
      }
      await harness.start(queue, recommend, { settings: { maxStarts: 2 } })
      await queue.ring('fit', jobId)
      const { problem } = await waitForState(store, jobId, 'failed')
      expect(problem).toMatchObject({
        code: 'fit-failed',
        detail: expect.stringContaining('2 times'),
      })
      expect(calls).toBe(0)
    })

    test('an import that never came to its end is discarded when it is old, and not before', async () => {
      const { store } = harness
      const study = await insertStudy(store)
      const importId = uuid()
      await store.imports.begin({ ...IMPORT, id: importId, studyId: study })
      const young = await harness.start(await harness.open(), async () => OUTCOME)
      await young.reconcile()
      expect(await store.imports.get(importId)).toBeDefined()
      const old = await harness.start(await harness.open(), async () => OUTCOME, {
        stagingMs: -60_000,
      })
      await old.reconcile()
      expect(await store.imports.get(importId)).toBeUndefined()
    })

    describe('when the store fails for a moment', () => {
      test('a result is stored as soon as it can be, without being computed again', async () => {
        const { store } = harness
        const { jobId } = await requestFit(store, await insertStudy(store), [])
        const queue = await harness.open()
        let failures = 2
        let calls = 0
        const finish: Store['fits']['finish'] = async (...args) => {
          if (failures-- > 0) throw new Error('connection lost')
          return store.fits.finish(...args)
        }
        const recommend: Compute['recommend'] = async () => {
          calls++
          return OUTCOME
        }
        await harness.start(queue, recommend, {
          store: { ...store, fits: { ...store.fits, finish } },
        })
        await queue.ring('fit', jobId)
        expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 1 })
        expect(calls).toBe(1)
      })

      test('a result whose acknowledgement was lost counts as stored', async () => {
        const { store } = harness
        const { jobId } = await requestFit(store, await insertStudy(store), [])
        const queue = await harness.open()
        let calls = 0
        const second = deferred<boolean>()
        const finish: Store['fits']['finish'] = async (...args) => {
          const stored = await store.fits.finish(...args)
          if (calls++ === 0) throw new Error('connection lost')
          second.resolve(stored)
          return stored
        }
        const { logger } = await harness.start(queue, async () => OUTCOME, {
          store: { ...store, fits: { ...store.fits, finish } },
        })
        await queue.ring('fit', jobId)
        expect(await second.promise).toBe(false)
        await idle(queue)
        expect(await store.jobs.get(jobId)).toMatchObject({ state: 'succeeded' })
        expect(logger.lines.map(({ message }) => message)).not.toContain(
          'a fit was computed, but its job is no longer held here',
        )
      })

      test('a fit whose runs cannot be read is put back and tried again', async () => {
        const { store } = harness
        const { jobId } = await requestFit(store, await insertStudy(store), [])
        const queue = await harness.open()
        let failures = 1
        const get: Store['fits']['get'] = async (id) => {
          if (failures-- > 0) throw new Error('connection lost')
          return store.fits.get(id)
        }
        await harness.start(queue, async () => OUTCOME, {
          store: { ...store, fits: { ...store.fits, get } },
        })
        await queue.ring('fit', jobId)
        expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 2 })
      })
    })
  })
}
