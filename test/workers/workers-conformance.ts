import { randomUUID } from 'node:crypto'
import { v7 as uuid } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { CompleteProblem } from '../../src/optimizers/problem.js'
import type { Recommendation } from '../../src/optimizers/recommendation.js'
import type { ImportRecord, JobRecord, JobState, RunRow } from '../../src/store/records.js'
import type { Store } from '../../src/store/store.js'
import { MixwrightError } from '../../src/studies/errors.js'
import type { Compute, RecommendOutcome, RecommendTask } from '../../src/studies/ports.js'
import {
  type JobQueue,
  startWorkers,
  type Workers,
  type WorkersOptions,
} from '../../src/workers/index.js'
import { deferred } from './queue-conformance.js'
import { createRecordingLogger } from './recording-logger.js'

/** Where workers are started for a test run: a store and the queue that goes with it. */
export interface WorkPlace {
  store: Store
  openQueue(prefix: string): Promise<JobQueue>
  /** Makes the queue forget everything; absent where it cannot. */
  loseQueue?(): Promise<void>
  close(): Promise<void>
}

type Recommend = Compute['recommend']

/** What the workers promise, whatever carries their jobs. */
export function workersConformance(name: string, openPlace: () => Promise<WorkPlace>): void {
  describe(`workers on ${name}`, () => {
    let place: WorkPlace
    const cleanups: (() => Promise<void>)[] = []

    beforeAll(async () => {
      place = await openPlace()
    })
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
      await endAllJobs(place.store)
    })
    afterAll(() => place.close())

    async function open(prefix: string = randomUUID()): Promise<JobQueue> {
      const queue = await place.openQueue(prefix)
      cleanups.push(() => queue.close())
      return queue
    }

    async function start(
      queue: JobQueue,
      recommend: Recommend,
      options: Partial<WorkersOptions> = {},
    ): Promise<Workers & { logger: ReturnType<typeof createRecordingLogger> }> {
      const logger = createRecordingLogger()
      const workers = await startWorkers({
        store: place.store,
        queue,
        compute: { ...NO_COMPUTE, recommend },
        logger,
        concurrency: 2,
        reconcileMs: 60_000,
        ...options,
        settings: { heartbeatMs: 20, ...options.settings },
      })
      cleanups.push(() => workers.close(0))
      return { ...workers, logger }
    }

    test('a fit is computed from the runs of its imports, and stored with the end of its job', async () => {
      const { store } = place
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
      const unused = await importRuns(store, study, { fidelity: '1M' }, ['not yet imported'])
      expect(imports).not.toContain(unused)
      const { jobId, fitId } = await requestFit(store, study, imports)
      const queue = await open()
      const tasks: RecommendTask[] = []
      await start(queue, async (task) => {
        tasks.push(task)
        return OUTCOME
      })
      await queue.ring(jobId)
      const job = await waitForState(store, jobId, 'succeeded')
      expect(job).toMatchObject({ attempts: 1, worker: null, problem: null })
      const runs = (pages: string[]) =>
        pages.flatMap((page) => (JSON.parse(page) as RunRow[]).map(({ runId }) => runId))
      expect(tasks.map(({ training, holdouts }) => ({ training, holdouts }))).toHaveLength(1)
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
      const { store } = place
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const queue = await open()
      const end = deferred<RecommendOutcome>()
      await start(queue, (_, options) => {
        options?.onProgress?.({ done: 1, total: 4, message: 'fitting loss' })
        options?.onProgress?.({ done: 2, total: 4, message: 'fitting accuracy' })
        return end.promise
      })
      await queue.ring(jobId)
      const job = await waitFor(store, jobId, ({ progress }) => progress !== null)
      expect(job).toMatchObject({
        state: 'running',
        progress: { done: 2, total: 4, message: 'fitting accuracy' },
      })
      end.resolve(OUTCOME)
      await waitForState(store, jobId, 'succeeded')
    })

    test('a refusal ends the job with its problem document, and is not tried again', async () => {
      const { store } = place
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const queue = await open()
      let calls = 0
      const workers = await start(queue, async () => {
        calls++
        throw new MixwrightError('too-few-runs', 'There are 2 runs.', [
          { pointer: '/runs', detail: '2, at least 3 are needed.' },
        ])
      })
      await queue.ring(jobId)
      const { problem } = await waitForState(store, jobId, 'failed')
      expect(problem).toMatchObject({
        code: 'too-few-runs',
        status: 422,
        detail: 'There are 2 runs.',
        errors: [{ pointer: '/runs', detail: '2, at least 3 are needed.' }],
      })
      await queue.ring(jobId)
      await workers.reconcile()
      await idle(queue)
      expect(calls).toBe(1)
    })

    test('an unexpected error ends the job as fit-failed, with the detail, and is logged', async () => {
      const { store } = place
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const queue = await open()
      const { logger } = await start(queue, async () => {
        throw new TypeError('the matrix is not square')
      })
      await queue.ring(jobId)
      const { problem } = await waitForState(store, jobId, 'failed')
      expect(problem).toMatchObject({ code: 'fit-failed', detail: 'the matrix is not square' })
      expect(logger.lines).toContainEqual(
        expect.objectContaining({ level: 'error', message: 'a fit failed' }),
      )
    })

    test('a cancellation reaches a running fit, and its thread', async () => {
      const { store } = place
      const { jobId, fitId } = await requestFit(store, await insertStudy(store), [])
      const queue = await open()
      const begun = deferred<void>()
      await start(queue, (_, options) => {
        begun.resolve()
        return untilAborted(options?.signal)
      })
      await queue.ring(jobId)
      await begun.promise
      await store.jobs.requestCancel(jobId)
      const job = await waitForState(store, jobId, 'cancelled')
      expect(job.problem).toBeNull()
      expect((await store.fits.get(fitId))?.recommendation).toBeNull()
    })

    test('a fit whose study is deleted meanwhile is stopped', async () => {
      const { store } = place
      const study = await insertStudy(store)
      const { jobId } = await requestFit(store, study, [])
      const queue = await open()
      const begun = deferred<void>()
      const stopped = deferred<void>()
      await start(queue, async (_, options) => {
        begun.resolve()
        try {
          return await untilAborted(options?.signal)
        } finally {
          stopped.resolve()
        }
      })
      await queue.ring(jobId)
      await begun.promise
      await store.studies.delete(study)
      await stopped.promise
      await idle(queue)
      expect(await store.jobs.get(jobId)).toBeUndefined()
    })

    test('a job that is announced many times to several workers is computed once', async () => {
      const { store } = place
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const prefix = randomUUID()
      const queue = await open(prefix)
      const begun = deferred<void>()
      const end = deferred<RecommendOutcome>()
      let calls = 0
      const recommend: Recommend = () => {
        calls++
        begun.resolve()
        return end.promise
      }
      await start(queue, recommend)
      await start(await open(prefix), recommend)
      await queue.ring(jobId)
      await begun.promise
      for (let i = 0; i < 10; i++) await queue.ring(jobId)
      end.resolve(OUTCOME)
      await waitForState(store, jobId, 'succeeded')
      await idle(queue)
      expect(calls).toBe(1)
    })

    test('closing puts a running fit back, and another worker finishes it', async () => {
      const { store } = place
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const prefix = randomUUID()
      const queue = await open(prefix)
      const begun = deferred<void>()
      const first = await start(queue, (_, options) => {
        begun.resolve()
        return untilAborted(options?.signal)
      })
      await queue.ring(jobId)
      await begun.promise
      await first.close(0)
      expect(await store.jobs.get(jobId)).toMatchObject({ state: 'queued', worker: null })
      await start(await open(prefix), async () => OUTCOME)
      expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 2 })
    })

    test('closing waits for a fit that ends within the grace period', async () => {
      const { store } = place
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const queue = await open()
      const begun = deferred<void>()
      const end = deferred<RecommendOutcome>()
      const workers = await start(queue, () => {
        begun.resolve()
        return end.promise
      })
      await queue.ring(jobId)
      await begun.promise
      const closed = workers.close(30_000)
      end.resolve(OUTCOME)
      await closed
      expect(await store.jobs.get(jobId)).toMatchObject({ state: 'succeeded' })
    })

    test('a job whose worker died is taken up again once its heartbeat is old', async () => {
      const { store } = place
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const queue = await open()
      const workers = await start(queue, async () => OUTCOME, { settings: { staleMs: 0 } })
      await store.jobs.claim(jobId, 'a worker that died', new Date())
      await waitFor(store, jobId, ({ heartbeatAt }) => Number(heartbeatAt) < Date.now())
      await workers.reconcile()
      expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 2 })
    })

    test('the heartbeats of a living worker keep its job from being taken up', async () => {
      const { store } = place
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const prefix = randomUUID()
      const queue = await open(prefix)
      const begun = deferred<void>()
      const end = deferred<RecommendOutcome>()
      let calls = 0
      const recommend: Recommend = () => {
        calls++
        begun.resolve()
        return end.promise
      }
      const settings = { staleMs: 400 }
      const one = await start(queue, recommend, { settings })
      await queue.ring(jobId)
      await begun.promise
      const { heartbeatAt } = (await store.jobs.get(jobId)) as JobRecord
      await waitFor(store, jobId, (job) => Number(job.heartbeatAt) > Number(heartbeatAt) + 600)
      await one.reconcile()
      await idleBut(queue, 1)
      expect(await store.jobs.get(jobId)).toMatchObject({ state: 'running', attempts: 1 })
      end.resolve(OUTCOME)
      await waitForState(store, jobId, 'succeeded')
      expect(calls).toBe(1)
    })

    test('a job that was never announced is found by the reconciler', async () => {
      const { store } = place
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const workers = await start(await open(), async () => OUTCOME, { reconcileMs: 30 })
      expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 1 })
      await workers.close(0)
    })

    test('a queue that forgets everything loses no job', async (context) => {
      if (!place.loseQueue) return context.skip()
      const { store } = place
      const study = await insertStudy(store)
      const jobs = await Promise.all(Array.from({ length: 5 }, () => requestFit(store, study, [])))
      const queue = await open()
      const begun = deferred<void>()
      const end = deferred<RecommendOutcome>()
      const workers = await start(queue, () => {
        begun.resolve()
        return end.promise
      })
      for (const { jobId } of jobs) await queue.ring(jobId)
      await begun.promise
      await place.loseQueue()
      end.resolve(OUTCOME)
      await workers.reconcile()
      for (const { jobId } of jobs) await waitForState(store, jobId, 'succeeded')
    })

    test('a job that ends its worker again and again is given up', async () => {
      const { store } = place
      const { jobId } = await requestFit(store, await insertStudy(store), [])
      const future = new Date(Date.now() + 60_000)
      for (const worker of ['first', 'second']) {
        await store.jobs.claim(jobId, worker, future)
        await store.jobs.requeueOrphan(jobId, future)
      }
      const queue = await open()
      let calls = 0
      const recommend: Recommend = async () => {
        calls++
        return OUTCOME
      }
      await start(queue, recommend, { settings: { maxStarts: 2 } })
      await queue.ring(jobId)
      const { problem } = await waitForState(store, jobId, 'failed')
      expect(problem).toMatchObject({
        code: 'fit-failed',
        detail: expect.stringContaining('2 times'),
      })
      expect(calls).toBe(0)
    })

    test('an import that never came to its end is discarded when it is old, and not before', async () => {
      const { store } = place
      const study = await insertStudy(store)
      const importId = uuid()
      await store.imports.begin({ ...IMPORT, id: importId, studyId: study })
      const young = await start(await open(), async () => OUTCOME)
      await young.reconcile()
      expect(await store.imports.get(importId)).toBeDefined()
      const old = await start(await open(), async () => OUTCOME, { stagingMs: -60_000 })
      await old.reconcile()
      expect(await store.imports.get(importId)).toBeUndefined()
    })

    describe('when the store fails for a moment', () => {
      test('a result is stored as soon as it can be, without being computed again', async () => {
        const { store } = place
        const { jobId } = await requestFit(store, await insertStudy(store), [])
        const queue = await open()
        let failures = 2
        let calls = 0
        const finish: Store['fits']['finish'] = async (...args) => {
          if (failures-- > 0) throw new Error('connection lost')
          return store.fits.finish(...args)
        }
        const recommend: Recommend = async () => {
          calls++
          return OUTCOME
        }
        await start(queue, recommend, { store: { ...store, fits: { ...store.fits, finish } } })
        await queue.ring(jobId)
        expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 1 })
        expect(calls).toBe(1)
      })

      test('a result whose acknowledgement was lost counts as stored', async () => {
        const { store } = place
        const { jobId } = await requestFit(store, await insertStudy(store), [])
        const queue = await open()
        let calls = 0
        const second = deferred<boolean>()
        const finish: Store['fits']['finish'] = async (...args) => {
          const stored = await store.fits.finish(...args)
          if (calls++ === 0) throw new Error('connection lost')
          second.resolve(stored)
          return stored
        }
        const { logger } = await start(queue, async () => OUTCOME, {
          store: { ...store, fits: { ...store.fits, finish } },
        })
        await queue.ring(jobId)
        expect(await second.promise).toBe(false)
        await idle(queue)
        expect(await store.jobs.get(jobId)).toMatchObject({ state: 'succeeded' })
        expect(logger.lines.map(({ message }) => message)).not.toContain(
          'a fit was computed, but its job is no longer held here',
        )
      })

      test('a fit whose runs cannot be read is put back and tried again', async () => {
        const { store } = place
        const { jobId } = await requestFit(store, await insertStudy(store), [])
        const queue = await open()
        let failures = 1
        const get: Store['fits']['get'] = async (id) => {
          if (failures-- > 0) throw new Error('connection lost')
          return store.fits.get(id)
        }
        await start(queue, async () => OUTCOME, {
          store: { ...store, fits: { ...store.fits, get } },
        })
        await queue.ring(jobId)
        expect(await waitForState(store, jobId, 'succeeded')).toMatchObject({ attempts: 2 })
      })
    })
  })
}

const HASH = '0'.repeat(64)

const PROBLEM: CompleteProblem = {
  domains: [{ name: 'web' }, { name: 'code' }],
  metrics: [{ name: 'loss', direction: 'minimize' }],
  objective: { type: 'mean', scale: 'none' },
  fidelities: [
    { name: '1M', evaluator: 'table', cost: 1, order: 0 },
    { name: '60M', evaluator: 'table', cost: 60, order: 1 },
  ],
}

const OUTCOME = {
  recommendation: { weights: { web: 0.4, code: 0.6 } } as unknown as Recommendation,
  models: [{ metric: 'loss', surrogate: 'ridge', model: '{"version":1}' }],
} satisfies RecommendOutcome

const IMPORT: Omit<
  ImportRecord,
  'id' | 'studyId' | 'state' | 'rowCount' | 'createdAt' | 'completedAt'
> = {
  role: 'train',
  holdout: '',
  fidelity: '1M',
  format: 'json',
  warnings: [],
  contentHash: HASH,
}

function unused(): never {
  throw new Error('this test computes recommendations only')
}
const NO_COMPUTE = { parseTable: unused, predict: unused }

async function insertStudy(store: Store): Promise<string> {
  const id = uuid()
  await store.studies.insert({
    id,
    owner: null,
    name: 'a study',
    labels: {},
    problem: PROBLEM,
    problemHash: HASH,
    method: 'mixing-laws',
    params: {},
    seed: 7,
  })
  return id
}

async function importRuns(
  store: Store,
  studyId: string,
  about: { role?: 'holdout'; holdout?: string; fidelity: string },
  runIds: string[],
): Promise<string> {
  const id = uuid()
  await store.imports.begin({ ...IMPORT, ...about, id, studyId })
  const rows: RunRow[] = runIds.map((runId) => ({
    runId,
    weights: [0.25, 0.75],
    values: { loss: 3 },
  }))
  await store.imports.appendRows(id, JSON.stringify(rows))
  await store.imports.complete(id, { rowCount: rows.length, warnings: [] })
  return id
}

async function requestFit(
  store: Store,
  studyId: string,
  importIds: string[],
): Promise<{ jobId: string; fitId: string }> {
  const [jobId, fitId] = [uuid(), uuid()]
  const fit = {
    id: fitId,
    studyId,
    jobId,
    method: 'mixing-laws',
    surrogate: 'auto',
    params: { lambda: 0.5 },
    seed: 7,
    fidelity: '1M',
    importIds,
    dataHash: HASH,
  }
  await store.fits.insertWithJob(fit, { id: jobId, kind: 'fit' })
  return { jobId, fitId }
}

/** Looks until the job is as it should be; the test's own time limit ends the wait. */
async function waitFor(
  store: Store,
  jobId: string,
  isThere: (job: JobRecord) => boolean,
): Promise<JobRecord> {
  for (;;) {
    const job = await store.jobs.get(jobId)
    if (job && isThere(job)) return job
    await pause()
  }
}

function waitForState(store: Store, jobId: string, state: JobState): Promise<JobRecord> {
  return waitFor(store, jobId, (job) => job.state === state)
}

/** Until the queue has nothing waiting and at most `atWork` jobs at work. */
async function idleBut(queue: JobQueue, atWork: number): Promise<void> {
  for (;;) {
    const { waiting, active, delayed } = await queue.health()
    if (waiting + delayed === 0 && active <= atWork) return
    await pause()
  }
}

function idle(queue: JobQueue): Promise<void> {
  return idleBut(queue, 0)
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5))
}

function untilAborted(signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
  })
}

/** Leaves nothing that the reconciler of the next test would take up. */
async function endAllJobs(store: Store): Promise<void> {
  for (const { id } of await store.jobs.findOrphans(new Date('9999-12-31'))) {
    await store.jobs.requeueOrphan(id, new Date('9999-12-31'))
    await store.jobs.requestCancel(id)
  }
}
