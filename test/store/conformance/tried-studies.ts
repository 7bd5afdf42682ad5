import { describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import {
  attachWaiting,
  complete,
  expire,
  externalStudy,
  fail,
  newExternalTrial,
  news,
  reported,
  suggest,
  takeOffer,
} from '../support/external-trials.js'
import { completeTrial, measured, startSearch } from '../support/proxies.js'
import { importRows, newId, newImport, runRow } from '../support/records.js'

/** What methods look at that choose by results. */
export function triedStudyConformance(store: () => OpenStore): void {
  const trials = () => store().trials
  const LAST = { kind: 'completed', last: reported(5) } as const

  describe('everything that was tried in a study', () => {
    test('is its training imports and all trials but those of comparisons, as they are', async () => {
      const study = await externalStudy(store(), { maxAttempts: 2 })
      const late = await importRows(store(), study, [runRow(3)], { fidelity: 'full' })
      const early = await importRows(store(), study, [runRow(4)])
      await importRows(store(), study, [runRow(5)], { role: 'holdout', holdout: 'h' })
      await store().imports.begin(newImport(study))
      const compared = await startSearch(store(), study, 1, { purpose: 'comparison' })
      await completeTrial(store(), compared.trials[0])
      const over = { state: 'finished', problem: null } as const
      await store().searches.end(compared.search.id, ['running'], over)
      const { search, trials: proxies } = await startSearch(store(), study, 3)
      await completeTrial(store(), proxies[0])
      await store().jobs.requestCancel(proxies[1].jobId)
      const waiting = await attachWaiting(store(), study)
      const [done, again, lost, bare, stopped, gone] = await suggest(store(), study, 'a', 6)
      await complete(store(), done, LAST)
      await fail(store(), again, 2)
      await expire(store(), lost)
      await complete(store(), bare, { kind: 'completed-without-metrics' })
      await complete(store(), stopped, { ...LAST, kind: 'stopped' })
      await store().externalTrials.abandon(study.id, gone.trial.id, null, news('abandoned'))

      const tried = (await trials().tried(study.id))!
      const { externalTrials, triedVersion } = (await store().studies.get(study.id))!
      expect(tried).toMatchObject({ externalTrials, triedVersion })
      expect(tried.imports).toEqual([
        { id: late.id, fidelity: 'full' },
        { id: early.id, fidelity: 'small' },
      ])
      const row = (
        { id, fidelity, weights }: { id: string; fidelity: string; weights: number[] },
        state: string,
        isOpen: boolean,
        searchId: string | null = null,
      ) => ({
        id,
        searchId,
        fidelity,
        state,
        isOpen,
        weights: state === 'completed' ? null : weights,
      })
      expect(tried.trials).toEqual([
        row(proxies[0], 'completed', false, search.id),
        row(proxies[1], 'cancelled', false, search.id),
        row(proxies[2], 'waiting', true, search.id),
        row(waiting, 'waiting', true),
        row(done.trial, 'completed', false),
        row(again.trial, 'failed', true),
        row(lost.trial, 'expired', true),
        row(bare.trial, 'completed-without-metrics', false),
        row(stopped.trial, 'stopped', false),
        row(gone.trial, 'abandoned', false),
      ])
      for (const id of [newId(), 'study-1']) expect(await trials().tried(id)).toBeUndefined()
    })

    test('is not open any more where no attempt is left, also by a policy of now', async () => {
      const study = await externalStudy(store(), { maxAttempts: 2 })
      const [one, two] = await suggest(store(), study, 'a', 2)
      await fail(store(), one, 2)
      await fail(store(), (await takeOffer(store(), study, 'b'))!, 2)
      await fail(store(), two, 2)
      const isOpen = async () => (await trials().tried(study.id))!.trials.map((one) => one.isOpen)
      expect(await isOpen()).toEqual([false, true])
      const { version, trialPolicy } = (await store().studies.get(study.id))!
      const stricter = { trialPolicy: { ...trialPolicy, maxAttempts: 1 } }
      await store().studies.update(study.id, version, stricter)
      expect(await isOpen()).toEqual([false, false])
    })
  })

  describe('trials as methods read them', () => {
    const rowsOf = async (ids: string[]) => {
      const rows = []
      for await (const page of trials().readRows(ids)) rows.push(...JSON.parse(page))
      return rows
    }

    /** Of the only attempt; times are kept to the millisecond. */
    const secondsOf = async (id: string) => {
      const [{ startedAt, finishedAt }] = await trials().attempts(id)
      const passed = finishedAt!.getTime() - startedAt.getTime()
      return passed === 0 ? null : passed / 1000
    }

    test('say how long the attempt took that completed them, where there was one', async () => {
      const study = await externalStudy(store())
      const [leased] = await suggest(store(), study, 'a')
      await complete(store(), leased, LAST)
      const brought = await store().externalTrials.attach(
        study.id,
        newExternalTrial(70),
        { result: reported(7), client: 'b', maxTrials: null },
        news('attached'),
      )
      if (brought.outcome !== 'attached') throw new Error(brought.outcome)
      const [own, attached] = await rowsOf([leased.trial.id, brought.trial.id])
      expect(own.seconds).toEqual(await secondsOf(leased.trial.id))
      expect(own.standardErrors).toEqual(reported(5).standardErrors)
      expect(attached).toMatchObject({ seconds: null, tokens: 7 })
      const { trials: proxies } = await startSearch(store(), study, 1)
      await completeTrial(store(), proxies[0])
      const [proxy] = await rowsOf([proxies[0].id])
      expect(proxy.standardErrors).toEqual(measured(1000).standardErrors)
      expect(proxy.seconds).toEqual(await secondsOf(proxies[0].id))
    })

    test('are told apart by study and fidelity, in the order asked for', async () => {
      const [one, two] = [await externalStudy(store()), await externalStudy(store())]
      const [first] = await suggest(store(), one, 'a')
      const { trials: proxies } = await startSearch(store(), two, 1)
      const imported = await importRows(store(), one, [runRow(1)])
      const { rows } = await store().pool.query(
        'select uid from mixwright.trials where import_id = $1',
        [imported.id],
      )
      const ids = [proxies[0].id, newId(), rows[0].uid, first.trial.id, 'x']
      expect(await trials().origins(ids)).toEqual([
        { id: proxies[0].id, studyId: two.id, fidelity: 'proxy' },
        { id: first.trial.id, studyId: one.id, fidelity: 'full' },
      ])
      expect(await trials().origins([])).toEqual([])
    })
  })
}
