import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../src/errors.js'
import type { RunRow } from '../../src/formats/run-row.js'
import type { StoredBacktestReport } from '../../src/store/index.js'
import type { BacktestTask, RunPages } from '../../src/studies/ports.js'
import {
  BACKTEST_PROBLEM,
  BACKTEST_REPORT,
  BACKTEST_SETTINGS,
  requestBacktest,
} from './backtest-fixtures.js'
import { deferred } from './queue-conformance.js'
import {
  idle,
  importRuns,
  insertStudy,
  untilAborted,
  waitFor,
  waitForState,
} from './study-fixtures.js'
import type { WorkHarness } from './work-harness.js'

const idsOf = ({ fidelity, pages }: RunPages) => ({
  fidelity,
  runs: pages.flatMap((page) => (JSON.parse(page) as RunRow[]).map(({ runId }) => runId)),
})

/** How backtests are worked off, whatever carries their jobs. */
export function backtestsConformance(harness: WorkHarness): void {
  describe('backtests', () => {
    test('one of a study replays the training runs that were there when it was requested, by fidelity', async () => {
      const { store } = harness
      const study = await insertStudy(store)
      const imports = [
        await importRuns(store, study, { fidelity: '60M' }, ['a']),
        await importRuns(store, study, { fidelity: '1M' }, ['b', 'c']),
        await importRuns(store, study, { fidelity: '60M' }, ['d']),
      ]
      await importRuns(store, study, { role: 'holdout', holdout: 'h', fidelity: '1M' }, ['e'])
      const { jobId, backtestId } = await requestBacktest(store, study, imports)
      await importRuns(store, study, { fidelity: '1M' }, ['came later'])
      const queue = await harness.open()
      const tasks: BacktestTask[] = []
      await harness.startWith(queue, {
        backtest: async (task) => {
          tasks.push(task)
          return BACKTEST_REPORT
        },
      })
      await queue.ring('backtest', jobId)
      expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 1 })
      expect(tasks).toHaveLength(1)
      expect(tasks[0]).toMatchObject({ problem: BACKTEST_PROBLEM, settings: BACKTEST_SETTINGS })
      expect(tasks[0].runs.map(idsOf)).toEqual([
        { fidelity: '1M', runs: ['b', 'c'] },
        { fidelity: '60M', runs: ['a', 'd'] },
      ])
      const backtest = await store.backtests.get(backtestId)
      expect(backtest?.report).toEqual(BACKTEST_REPORT)
      expect(backtest?.finishedAt).toBeInstanceOf(Date)
    })

    test('one without a study replays the runs that it brought', async () => {
      const { store } = harness
      const { jobId } = await requestBacktest(store)
      const queue = await harness.open()
      const replayed = deferred<BacktestTask>()
      await harness.startWith(queue, {
        backtest: async (task) => {
          replayed.resolve(task)
          return BACKTEST_REPORT
        },
      })
      await queue.ring('backtest', jobId)
      const { runs } = await replayed.promise
      expect(runs.map(idsOf)).toEqual([{ fidelity: '60M', runs: ['a', 'b'] }])
      await waitForState(store, jobId, 'succeeded')
    })

    test('progress can be read meanwhile', async () => {
      const { store } = harness
      const { jobId } = await requestBacktest(store)
      const queue = await harness.open()
      const end = deferred<StoredBacktestReport>()
      await harness.startWith(queue, {
        backtest: (_, options) => {
          options?.onProgress?.({ done: 1, total: 2, message: 'regmix, seed 2 of 2' })
          return end.promise
        },
      })
      await queue.ring('backtest', jobId)
      const job = await waitFor(store, jobId, ({ progress }) => progress !== null)
      expect(job).toMatchObject({
        state: 'running',
        progress: { done: 1, total: 2, message: 'regmix, seed 2 of 2' },
      })
      end.resolve(BACKTEST_REPORT)
      await waitForState(store, jobId, 'succeeded')
    })

    test('a refusal ends the job with its problem document, and is not tried again', async () => {
      const { store } = harness
      const { jobId, backtestId } = await requestBacktest(store)
      const queue = await harness.open()
      let calls = 0
      const workers = await harness.startWith(queue, {
        backtest: async () => {
          calls++
          throw new MixwrightError('out-of-range', 'In the result /best is not finite.')
        },
      })
      await queue.ring('backtest', jobId)
      const { problem } = await waitForState(store, jobId, 'failed')
      expect(problem).toMatchObject({ code: 'out-of-range', status: 422 })
      await queue.ring('backtest', jobId)
      await workers.reconcile()
      await idle(queue)
      expect(calls).toBe(1)
      expect(await store.backtests.get(backtestId)).toMatchObject({ report: null })
    })

    test('an unexpected error ends the job as backtest-failed, with the detail', async () => {
      const { store } = harness
      const { jobId } = await requestBacktest(store)
      const queue = await harness.open()
      await harness.startWith(queue, {
        backtest: async () => {
          throw new TypeError('"regmix" with seed 7: the matrix is not square')
        },
      })
      await queue.ring('backtest', jobId)
      expect((await waitForState(store, jobId, 'failed')).problem).toMatchObject({
        code: 'backtest-failed',
        detail: '"regmix" with seed 7: the matrix is not square',
      })
    })

    test('a cancellation reaches the threads', async () => {
      const { store } = harness
      const { jobId, backtestId } = await requestBacktest(store)
      const queue = await harness.open()
      const begun = deferred<void>()
      await harness.startWith(queue, {
        backtest: (_, options) => {
          begun.resolve()
          return untilAborted(options?.signal)
        },
      })
      await queue.ring('backtest', jobId)
      await begun.promise
      await store.jobs.requestCancel(jobId)
      expect((await waitForState(store, jobId, 'cancelled')).problem).toBeNull()
      expect(await store.backtests.get(backtestId)).toMatchObject({ report: null })
    })

    test('one that is deleted meanwhile is stopped', async () => {
      const { store } = harness
      const { jobId, backtestId } = await requestBacktest(store)
      const queue = await harness.open()
      const [begun, stopped] = [deferred<void>(), deferred<void>()]
      await harness.startWith(queue, {
        async backtest(_, options) {
          begun.resolve()
          try {
            return await untilAborted(options?.signal)
          } finally {
            stopped.resolve()
          }
        },
      })
      await queue.ring('backtest', jobId)
      await begun.promise
      await store.backtests.delete(backtestId)
      await stopped.promise
      await idle(queue)
      expect(await store.jobs.get(jobId)).toBeUndefined()
    })

    test('closing puts a running one back, and another worker finishes it', async () => {
      const { store } = harness
      const { jobId } = await requestBacktest(store)
      const prefix = randomUUID()
      const queue = await harness.open(prefix)
      const begun = deferred<void>()
      const first = await harness.startWith(queue, {
        backtest: (_, options) => {
          begun.resolve()
          return untilAborted(options?.signal)
        },
      })
      await queue.ring('backtest', jobId)
      await begun.promise
      await first.close(0)
      expect(await store.jobs.get(jobId)).toMatchObject({ state: 'queued', worker: null })
      const heir = await harness.open(prefix)
      await harness.startWith(heir, { backtest: async () => BACKTEST_REPORT })
      expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 2 })
    })

    test('a job that is announced many times to several workers is computed once', async () => {
      const { store } = harness
      const { jobId } = await requestBacktest(store)
      const prefix = randomUUID()
      const queue = await harness.open(prefix)
      const [begun, end] = [deferred<void>(), deferred<StoredBacktestReport>()]
      let calls = 0
      const backtest = () => {
        calls++
        begun.resolve()
        return end.promise
      }
      await harness.startWith(queue, { backtest })
      await harness.startWith(await harness.open(prefix), { backtest })
      await queue.ring('backtest', jobId)
      await begun.promise
      for (let i = 0; i < 10; i++) await queue.ring('backtest', jobId)
      end.resolve(BACKTEST_REPORT)
      await waitForState(store, jobId, 'succeeded')
      await idle(queue)
      expect(calls).toBe(1)
    })
  })
}
