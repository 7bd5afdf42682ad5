import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../src/errors.js'
import type { Compute, TrainTask } from '../../src/studies/ports.js'
import { initialSeed } from '../../src/studies/search-plan.js'
import { deferred } from './queue-conformance.js'
import { idle, OUTCOME, untilAborted, waitForState } from './study-fixtures.js'
import {
  attemptsOf,
  insertSearch,
  measurementAt,
  searchEnd,
  TRAINED,
  waitForTrial,
} from './trial-fixtures.js'
import type { WorkHarness } from './work-harness.js'

/** How trials are worked off, and how their searches go on, whatever carries their jobs. */
export function trialsConformance(harness: WorkHarness): void {
  describe('trials', () => {
    test('a trial is trained with what its study, search and mixture say, and its measurements are stored', async () => {
      const { store } = harness
      const { studyId, ingestionId, trials } = await insertSearch(store, 1)
      const study = (await store.studies.get(studyId))!
      const queue = await harness.open()
      const tasks: TrainTask[] = []
      const train: Compute['train'] = async (task, { onEvent }) => {
        tasks.push(task)
        const progress = { step: 1, steps: 64, totalTokens: 4096, loss: 5, tokensPerSecond: 1e4 }
        onEvent?.({ type: 'progress', ...progress, tokens: 64 })
        onEvent?.({ type: 'progress', ...progress, tokens: 128 })
        onEvent?.({ type: 'measurement', measurement: measurementAt(2048, 4) })
        onEvent?.({ type: 'measurement', measurement: measurementAt(2048, 4) })
        return TRAINED
      }
      await harness.startWith(queue, { train }, { device: 'webgpu', checkpointSeconds: 3 })
      const [{ id, jobId }] = trials
      await queue.ring('trial', jobId)
      await waitForState(store, jobId, 'succeeded')
      await idle(queue)
      expect(tasks).toEqual([
        {
          proxy: study.problem.fidelities[0].proxy,
          corpusFolder: harness.dataFolder.ingestionFolder(study.corpusId as string, ingestionId),
          domains: ['web', 'code'],
          weights: [0.5, 0.5],
          initialSeed: initialSeed(9),
          seed: 100,
          studySeed: 7,
          targetTokens: 1e9,
          device: 'webgpu',
          checkpointFile: harness.dataFolder.checkpointFile(id),
          checkpointSeconds: 3,
        },
      ])
      expect(await store.trials.get(id)).toMatchObject({ state: 'completed', attempts: 1 })
      expect(await attemptsOf(store, id)).toEqual(['completed'])
      const [early, last] = await store.trials.measurements(id)
      expect(early).toMatchObject({
        tokens: 2048,
        values: { 'loss/web': 4, 'loss/code': 5 },
        standardErrors: { 'loss/web': 0.01, 'loss/code': 0.01 },
        details: {
          step: 32,
          trainingLoss: 4.5,
          epochs: { web: 0.5, code: 0.25 },
          bitsPerByte: { web: 2, code: 2.5 },
          sequences: { web: 8, code: 8 },
        },
      })
      expect(last).toMatchObject({ tokens: 4096, values: { 'loss/web': 3, 'loss/code': 4 } })
      const events = await store.events.after(studyId, 0, 100)
      expect(events.map(({ type }) => type).slice(0, 5)).toEqual([
        'trial-started',
        'trial-progress',
        'trial-measured',
        'trial-measured',
        'trial-completed',
      ])
      expect(events.map(({ data }) => data).slice(1, 3)).toMatchObject([
        { trialId: id, tokens: 64, totalTokens: 4096, loss: 5, tokensPerSecond: 1e4 },
        { trialId: id, tokens: 2048, objective: 4.5 },
      ])
    })

    test('the trials of a comparison begin with parameters of their own seed', async () => {
      const { store } = harness
      const { trials } = await insertSearch(store, 1, 'comparison')
      const queue = await harness.open()
      const seeds: number[][] = []
      const train: Compute['train'] = async ({ initialSeed: start, seed }) => {
        seeds.push([start, seed])
        return TRAINED
      }
      await harness.startWith(queue, { train })
      await queue.ring('trial', trials[0].jobId)
      await waitForState(store, trials[0].jobId, 'succeeded')
      expect(seeds).toEqual([[100, 100]])
    })

    test('a search goes from its trials over its fit to its end by itself', async () => {
      const { store } = harness
      const { studyId, searchId, trials } = await insertSearch(store, 4)
      const queue = await harness.open()
      const recommend: Compute['recommend'] = async ({ training }) => {
        expect(training.pages.flatMap((page) => JSON.parse(page))).toHaveLength(4)
        return OUTCOME
      }
      await harness.startWith(queue, { recommend, train: async () => TRAINED })
      for (const { jobId } of trials) await queue.ring('trial', jobId)
      const ended = await searchEnd(store, searchId)
      expect(ended.state).toBe('finished')
      const fit = await store.fits.get(ended.fitId as string)
      expect(fit?.recommendation).toEqual(OUTCOME.recommendation)
      expect(fit?.trialIds).toEqual(trials.map(({ id }) => id))
      const events = (await store.events.after(studyId, 0, 100)).map(({ type }) => type)
      expect(events.slice(-2)).toEqual(['fit-started', 'search-finished'])
      expect(events.filter((type) => type === 'trial-completed')).toHaveLength(4)
    })

    test('a failure is tried again twice, then the trial is set aside, and the search still ends', async () => {
      const { store } = harness
      const { studyId, searchId, trials } = await insertSearch(store, 4)
      const queue = await harness.open()
      const bad = trials[2].weights[0]
      const train: Compute['train'] = async ({ weights }) => {
        if (weights[0] === bad) throw new TypeError('the graph is not connected')
        return TRAINED
      }
      const { logger } = await harness.startWith(queue, { train, recommend: async () => OUTCOME })
      for (const { jobId } of trials) await queue.ring('trial', jobId)
      const ended = await searchEnd(store, searchId)
      expect(ended.state).toBe('finished')
      expect(await store.trials.get(trials[2].id)).toMatchObject({
        state: 'failed',
        attempts: 3,
        problem: { code: 'training-failed', detail: 'the graph is not connected' },
      })
      expect(await attemptsOf(store, trials[2].id)).toEqual(['failed', 'failed', 'failed'])
      const job = await store.jobs.get(trials[2].jobId)
      expect(job).toMatchObject({ state: 'failed', problem: { code: 'training-failed' } })
      const fit = await store.fits.get(ended.fitId as string)
      expect(fit?.trialIds).toEqual([0, 1, 3].map((i) => trials[i].id))
      const events = await store.events.after(studyId, 0, 100)
      const ofBad = events.filter(({ data }) => data.trialId === trials[2].id)
      expect(ofBad.map(({ type }) => type).filter((type) => type !== 'trial-started')).toEqual([
        'trial-retried',
        'trial-retried',
        'trial-failed',
      ])
      expect(logger.lines).toContainEqual(
        expect.objectContaining({ level: 'error', message: 'a trial failed' }),
      )
    })

    test('what the input is to blame for is set aside at once', async () => {
      const { store } = harness
      const { studyId, searchId, trials } = await insertSearch(store, 1)
      const queue = await harness.open()
      let calls = 0
      const train: Compute['train'] = async () => {
        calls++
        throw new MixwrightError('training-diverged', 'The loss was NaN at step 7.')
      }
      await harness.startWith(queue, { train })
      await queue.ring('trial', trials[0].jobId)
      expect(await searchEnd(store, searchId)).toMatchObject({
        state: 'failed',
        problem: { code: 'search-failed', detail: expect.stringContaining('1 were set aside') },
      })
      expect(calls).toBe(1)
      expect(await store.trials.get(trials[0].id)).toMatchObject({
        state: 'failed',
        problem: { code: 'training-diverged', detail: 'The loss was NaN at step 7.' },
      })
      const types = (await store.events.after(studyId, 0, 100)).map(({ type }) => type)
      expect(types).toEqual(['trial-started', 'trial-failed', 'search-failed'])
    })

    test('closing puts a trial back as interrupted, which does not count as a failure, and it is taken up again', async () => {
      const { store } = harness
      const { trials } = await insertSearch(store, 1)
      const [{ id, jobId }] = trials
      for (let round = 0; round < 4; round++) {
        const queue = await harness.open()
        const begun = deferred<void>()
        const train: Compute['train'] = (_, { signal }) => {
          begun.resolve()
          return untilAborted(signal)
        }
        const workers = await harness.startWith(queue, { train })
        await queue.ring('trial', jobId)
        await begun.promise
        await workers.close(0)
        expect(await store.trials.get(id)).toMatchObject({ state: 'waiting' })
        await queue.close()
      }
      const queue = await harness.open()
      await harness.startWith(queue, { train: async () => TRAINED })
      await queue.ring('trial', jobId)
      await waitForState(store, jobId, 'succeeded')
      expect(await attemptsOf(store, id)).toEqual([...Array(4).fill('interrupted'), 'completed'])
    })

    test('a cancelled search stops its running trials, and the rest never begins', async () => {
      const { store } = harness
      const { studyId, searchId, trials } = await insertSearch(store, 3)
      const queue = await harness.open()
      const begun = deferred<void>()
      const stopped = deferred<void>()
      const train: Compute['train'] = async (_, { signal }) => {
        begun.resolve()
        try {
          return await untilAborted(signal)
        } finally {
          stopped.resolve()
        }
      }
      await harness.startWith(queue, { train }, { trainingThreads: 1 })
      const { searches } = harness.services(queue)
      for (const { jobId } of trials) await queue.ring('trial', jobId)
      await begun.promise
      await searches.cancel(studyId, searchId)
      await stopped.promise
      await waitForTrial(store, trials[0].id, ({ state }) => state === 'cancelled')
      await idle(queue)
      expect(await searches.get(studyId, searchId)).toMatchObject({
        search: { state: 'cancelled' },
        counts: { cancelled: 3, running: 0, waiting: 0 },
      })
      expect(await attemptsOf(store, trials[0].id)).toEqual(['cancelled'])
    })

    test('a trial of a search that ended before its worker heard of it is not trained', async () => {
      const { store } = harness
      const { searchId, trials } = await insertSearch(store, 1)
      await store.searches.end(searchId, ['running'], { state: 'cancelled', problem: null })
      const queue = await harness.open()
      await harness.startWith(queue, { train: () => Promise.reject(new Error('it was trained')) })
      await queue.ring('trial', trials[0].jobId)
      await waitForState(store, trials[0].jobId, 'cancelled')
      expect(await store.trials.get(trials[0].id)).toMatchObject({ state: 'cancelled' })
    })

    test('a trial whose study is deleted meanwhile is stopped', async () => {
      const { store } = harness
      const { studyId, trials } = await insertSearch(store, 1)
      const queue = await harness.open()
      const begun = deferred<void>()
      const stopped = deferred<void>()
      const train: Compute['train'] = async (_, { signal }) => {
        begun.resolve()
        try {
          return await untilAborted(signal)
        } finally {
          stopped.resolve()
        }
      }
      await harness.startWith(queue, { train })
      await queue.ring('trial', trials[0].jobId)
      await begun.promise
      await store.studies.delete(studyId)
      await stopped.promise
      await idle(queue)
      expect(await store.trials.get(trials[0].id)).toBeUndefined()
    })
  })
}
