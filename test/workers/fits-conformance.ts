import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../src/errors.js'
import type { RunRow } from '../../src/formats/run-row.js'
import type { Compute, RecommendOutcome, RecommendTask } from '../../src/studies/ports.js'
import { deferred } from './queue-conformance.js'
import {
  HASH,
  idle,
  importRuns,
  insertStudy,
  OUTCOME,
  PROBLEM,
  requestFit,
  untilAborted,
  waitFor,
  waitForState,
} from './study-fixtures.js'
import type { WorkHarness } from './work-harness.js'

/** How fits are worked off, whatever carries their jobs. */
export function fitsConformance(harness: WorkHarness): void {
  describe('fits', () => {
    test('a fit is computed from the runs of its imports, and stored with the end of its job', async () => {
      const { store } = harness
      const study = await insertStudy(store)
      const imports = [
        await importRuns(store, study, { fidelity: '1M' }, ['a', 'b']),
        await importRuns(store, study, { fidelity: '60M' }, ['c']),
        await importRuns(store, study, { role: 'holdout', holdout: 'late', fidelity: '1M' }, ['d']),
        await importRuns(store, study, { role: 'holdout', holdout: 'late', fidelity: '60M' }, [
          'e',
        ]),
        await importRuns(store, study, { role: 'holdout', holdout: 'late', fidelity: '1M' }, ['f']),
        await importRuns(store, study, { fidelity: '1M' }, ['g']),
      ]
      const { jobId, fitId } = await requestFit(store, study, imports)
      await importRuns(store, study, { fidelity: '1M' }, ['came later'])
      const queue = await harness.open()
      const tasks: RecommendTask[] = []
      await harness.start(queue, async (task) => {
        tasks.push(task)
        return OUTCOME
      })
      await queue.ring('fit', jobId)
      const job = await waitForState(store, jobId, 'succeeded')
      expect(job).toMatchObject({ attempts: 1, worker: null, problem: null })
      const runs = (pages: string[]) =>
        pages.flatMap((page) => (JSON.parse(page) as RunRow[]).map(({ runId }) => runId))
      expect(tasks).toHaveLength(1)
      expect(tasks[0]).toMatchObject({
        problem: PROBLEM,
        problemHash: HASH,
        method: 'mixing-laws',
        surrogate: 'auto',
        params: { lambda: 0.5 },
        seed: 7,
      })
      expect(tasks[0].training.fidelity).toBe('1M')
      expect(runs(tasks[0].training.pages)).toEqual(['a', 'b', 'g'])
      expect(
        tasks[0].holdouts.map(({ pages, ...rest }) => ({ ...rest, runs: runs(pages) })),
      ).toEqual([
        { name: 'late', fidelity: '1M', runs: ['d', 'f'] },
        { name: 'late', fidelity: '60M', runs: ['e'] },
      ])
      expect((await store.fits.get(fitId))?.recommendation).toEqual(OUTCOME.recommendation)
      expect(await store.fits.models(fitId)).toEqual(OUTCOME.models)
    })

    test('progress can be read while the fit is at work', async () => {
      const { store } = harness
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const queue = await harness.open()
      const end = deferred<RecommendOutcome>()
      await harness.start(queue, (_, options) => {
        options?.onProgress?.({ done: 1, total: 4, message: 'fitting loss' })
        options?.onProgress?.({ done: 2, total: 4, message: 'fitting accuracy' })
        return end.promise
      })
      await queue.ring('fit', jobId)
      const job = await waitFor(store, jobId, ({ progress }) => progress !== null)
      expect(job).toMatchObject({
        state: 'running',
        progress: { done: 2, total: 4, message: 'fitting accuracy' },
      })
      end.resolve(OUTCOME)
      await waitForState(store, jobId, 'succeeded')
    })

    test('a refusal ends the job with its problem document, and is not tried again', async () => {
      const { store } = harness
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const queue = await harness.open()
      let calls = 0
      const workers = await harness.start(queue, async () => {
        calls++
        throw new MixwrightError('too-few-runs', 'There are 2 runs.', [
          { pointer: '/runs', detail: '2, at least 3 are needed.' },
        ])
      })
      await queue.ring('fit', jobId)
      const { problem } = await waitForState(store, jobId, 'failed')
      expect(problem).toMatchObject({
        code: 'too-few-runs',
        status: 422,
        detail: 'There are 2 runs.',
        errors: [{ pointer: '/runs', detail: '2, at least 3 are needed.' }],
      })
      await queue.ring('fit', jobId)
      await workers.reconcile()
      await idle(queue)
      expect(calls).toBe(1)
    })

    test('an unexpected error ends the job as fit-failed, with the detail, and is logged', async () => {
      const { store } = harness
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const queue = await harness.open()
      const { logger } = await harness.start(queue, async () => {
        throw new TypeError('the matrix is not square')
      })
      await queue.ring('fit', jobId)
      const { problem } = await waitForState(store, jobId, 'failed')
      expect(problem).toMatchObject({ code: 'fit-failed', detail: 'the matrix is not square' })
      expect(logger.lines).toContainEqual(
        expect.objectContaining({ level: 'error', message: 'a fit failed' }),
      )
    })

    test('a cancellation reaches a running fit, and its thread', async () => {
      const { store } = harness
      const { jobId, fitId } = await requestFit(store, await insertStudy(store), [])
      const queue = await harness.open()
      const begun = deferred<void>()
      await harness.start(queue, (_, options) => {
        begun.resolve()
        return untilAborted(options?.signal)
      })
      await queue.ring('fit', jobId)
      await begun.promise
      await store.jobs.requestCancel(jobId)
      const job = await waitForState(store, jobId, 'cancelled')
      expect(job.problem).toBeNull()
      expect((await store.fits.get(fitId))?.recommendation).toBeNull()
    })

    test('a fit whose study is deleted meanwhile is stopped', async () => {
      const { store } = harness
      const study = await insertStudy(store)
      const { jobId } = await requestFit(store, study, [])
      const queue = await harness.open()
      const begun = deferred<void>()
      const stopped = deferred<void>()
      await harness.start(queue, async (_, options) => {
        begun.resolve()
        try {
          return await untilAborted(options?.signal)
        } finally {
          stopped.resolve()
        }
      })
      await queue.ring('fit', jobId)
      await begun.promise
      await store.studies.delete(study)
      await stopped.promise
      await idle(queue)
      expect(await store.jobs.get(jobId)).toBeUndefined()
    })

    test('a job that is announced many times to several workers is computed once', async () => {
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
      await harness.start(queue, recommend)
      await harness.start(await harness.open(prefix), recommend)
      await queue.ring('fit', jobId)
      await begun.promise
      for (let i = 0; i < 10; i++) await queue.ring('fit', jobId)
      end.resolve(OUTCOME)
      await waitForState(store, jobId, 'succeeded')
      await idle(queue)
      expect(calls).toBe(1)
    })

    test('closing puts a running fit back, and another worker finishes it', async () => {
      const { store } = harness
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const prefix = randomUUID()
      const queue = await harness.open(prefix)
      const begun = deferred<void>()
      const first = await harness.start(queue, (_, options) => {
        begun.resolve()
        return untilAborted(options?.signal)
      })
      await queue.ring('fit', jobId)
      await begun.promise
      await first.close(0)
      expect(await store.jobs.get(jobId)).toMatchObject({ state: 'queued', worker: null })
      await harness.start(await harness.open(prefix), async () => OUTCOME)
      expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 2 })
    })

    test('closing waits for a fit that ends within the grace period', async () => {
      const { store } = harness
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const queue = await harness.open()
      const begun = deferred<void>()
      const end = deferred<RecommendOutcome>()
      const workers = await harness.start(queue, () => {
        begun.resolve()
        return end.promise
      })
      await queue.ring('fit', jobId)
      await begun.promise
      const closed = workers.close(30_000)
      end.resolve(OUTCOME)
      await closed
      expect(await store.jobs.get(jobId)).toMatchObject({ state: 'succeeded' })
    })
  })
}
