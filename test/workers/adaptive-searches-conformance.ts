import { describe, expect, test } from 'vitest'
import type { RunRow } from '../../src/formats/run-row.js'
import type { Compute, TrainTask } from '../../src/studies/ports.js'
import { unwrapReply } from '../../src/workers/threads/replies.js'
import { run as suggestInThread } from '../../src/workers/threads/suggest.js'
import { completeTrial } from '../store/support/proxies.js'
import { deferred } from './queue-conformance.js'
import { OUTCOME } from './study-fixtures.js'
import {
  insertProxyStudy,
  insertSearch,
  searchEnd,
  TRAINED,
  waitForTrial,
} from './trial-fixtures.js'
import type { WorkHarness } from './work-harness.js'

const suggest: Compute['suggest'] = async (task) => unwrapReply(await suggestInThread({ task }))

/** That searches whose trials are chosen by results go on by themselves, whoever dies. */
export function adaptiveSearchesConformance(harness: WorkHarness): void {
  describe('searches by results', () => {
    test('go from trial to trial, and over their fit to their end, by themselves', async () => {
      const { store } = harness
      const { studyId } = await insertProxyStudy(store, 'hyperband')
      const queue = await harness.open()
      const trained: TrainTask[] = []
      let atWork = 0
      let most = 0
      const train: Compute['train'] = async (task) => {
        most = Math.max(most, ++atWork)
        trained.push(task)
        await new Promise(setImmediate)
        atWork--
        return TRAINED
      }
      const recommend: Compute['recommend'] = async ({ training }) => {
        const rows = training.pages.flatMap((page) => JSON.parse(page) as RunRow[])
        expect(rows).toHaveLength(9)
        for (const { standardErrors } of rows)
          expect(standardErrors).toEqual({ 'loss/web': 0.01, 'loss/code': 0.01 })
        return OUTCOME
      }
      await harness.startWith(queue, { train, recommend, suggest }, { trainingThreads: 4 })
      const { searches } = harness.services(queue, { suggest })
      const { search } = await searches.start(studyId, { trials: 9, parallel: 3 })
      const ended = await searchEnd(store, search.id)
      expect(ended).toMatchObject({ state: 'finished', problem: null })
      expect(trained).toHaveLength(9)
      expect(most).toBeLessThanOrEqual(3)
      expect(new Set(trained.map(({ weights }) => weights.join())).size).toBe(9)
      expect(new Set(trained.map(({ initialSeed }) => initialSeed)).size).toBe(1)
      expect(new Set(trained.map(({ seed }) => seed)).size).toBe(9)
      expect(await store.fits.get(ended.fitId as string)).toMatchObject({
        recommendation: OUTCOME.recommendation,
      })
    })

    test('whose process died after a trial, and before it chose the next, go on with another', async () => {
      const { store } = harness
      const { studyId } = await insertProxyStudy(store, 'hyperband')
      const queue = await harness.open()
      const { searches } = harness.services(queue, { suggest })
      const { search } = await searches.start(studyId, { trials: 6, parallel: 2 })
      const query = { studyId, searchId: search.id, limit: 9 }
      for (const trial of await store.trials.list(query)) await completeTrial(store, trial)
      expect(await store.trials.list(query)).toHaveLength(2)
      const train = async () => TRAINED
      const recommend = async () => OUTCOME
      const workers = await harness.startWith(queue, { train, recommend, suggest })
      await workers.reconcile()
      expect(await searchEnd(store, search.id)).toMatchObject({ state: 'finished' })
      expect(await searches.get(studyId, search.id)).toMatchObject({ counts: { completed: 6 } })
    })

    test('keep no training place while their method chooses', async () => {
      const { store } = harness
      const { studyId } = await insertProxyStudy(store, 'hyperband')
      const queue = await harness.open()
      const chooses = deferred<void>()
      const goOn = deferred<void>()
      const slowly: Compute['suggest'] = async (task) => {
        chooses.resolve()
        await goOn.promise
        return suggest(task)
      }
      const { searches } = harness.services(queue, { suggest })
      const { search } = await searches.start(studyId, { trials: 3, parallel: 1 })
      const settings = { train: async () => TRAINED, recommend: async () => OUTCOME }
      await harness.startWith(queue, { ...settings, suggest: slowly }, { trainingThreads: 1 })
      await chooses.promise
      const other = await insertSearch(store, 2)
      for (const { jobId } of other.trials) await queue.ring('trial', jobId)
      for (const { id } of other.trials)
        await waitForTrial(store, id, ({ state }) => state === 'completed')
      expect((await store.searches.counts(search.id)).completed).toBe(1)
      goOn.resolve()
      expect(await searchEnd(store, search.id)).toMatchObject({ state: 'finished' })
    })

    test('whose doorbell was not heard go on as well', async () => {
      const { store } = harness
      const { studyId } = await insertProxyStudy(store, 'hyperband')
      const queue = await harness.open()
      const { searches } = harness.services(queue, { suggest })
      const { search } = await searches.start(studyId, { trials: 4, parallel: 1 })
      const query = { studyId, searchId: search.id, limit: 9 }
      const [first] = await store.trials.list(query)
      await completeTrial(store, first)
      const deaf = { ring: async () => {} }
      const silent = harness.services(Object.assign(Object.create(queue), deaf), { suggest })
      await silent.searches.advance(search.id)
      const [, second] = await store.trials.list(query)
      const workers = await harness.startWith(queue, {
        train: async () => TRAINED,
        recommend: async () => OUTCOME,
        suggest,
      })
      await workers.reconcile()
      await waitForTrial(store, second.id, ({ state }) => state === 'completed')
      expect(await searchEnd(store, search.id)).toMatchObject({ state: 'finished' })
    })
  })
}
