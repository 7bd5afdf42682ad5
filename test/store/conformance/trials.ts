import { describe, expect, test } from 'vitest'
import type { RunRow } from '../../../src/formats/run-row.js'
import type { OpenStore } from '../../../src/store/index.js'
import {
  beginTrial,
  completeTrial,
  IN_A_MINUTE,
  measured,
  newTrial,
  startSearch,
} from '../support/proxies.js'
import { importRows, newId, newStudy, runRow } from '../support/records.js'

const LONG_AGO = new Date(0)
const IN_AN_HOUR = () => new Date(Date.now() + 3_600_000)
const PROBLEM = { code: 'training-failed', detail: 'no' }

export function trialConformance(store: () => OpenStore): void {
  const trials = () => store().trials
  const anySearch = async (count = 2) =>
    startSearch(store(), await store().studies.insert(newStudy()), count)
  const stateOf = async (trial: { id: string; jobId: string }) => ({
    trial: (await trials().get(trial.id))?.state,
    job: (await store().jobs.get(trial.jobId))?.state,
    attempts: (await trials().attempts(trial.id)).map(({ state }) => state),
  })
  const readRows = async (ids: string[], pageRows?: number) => {
    const pages: RunRow[][] = []
    for await (const page of trials().readRows(ids, pageRows)) pages.push(JSON.parse(page))
    return pages
  }

  describe('trials', () => {
    test('are listed in the order of creation, by search and state, page by page', async () => {
      const { search, trials: first } = await anySearch(3)
      const { studyId } = search
      await store().searches.end(search.id, ['running'], { state: 'finished', problem: null })
      const { search: later, trials: second } = await startSearch(store(), { id: studyId }, 2)
      await importRows(store(), (await store().studies.get(studyId))!, [runRow(1)])
      await completeTrial(store(), second[0])
      const ids = async (query: object) =>
        (await trials().list({ studyId, limit: 9, ...query })).map(({ id }) => id)
      const all = [...first, ...second].map(({ id }) => id)
      expect(await ids({})).toEqual(all)
      expect(await ids({ limit: 2 })).toEqual(all.slice(0, 2))
      expect(await ids({ limit: 2, after: all[1] })).toEqual(all.slice(2, 4))
      expect(await ids({ searchId: later.id })).toEqual(all.slice(3))
      expect(await ids({ state: 'completed' })).toEqual([all[3]])
      expect(await ids({ state: 'waiting', searchId: later.id, after: all[2] })).toEqual([all[4]])
      expect(await ids({ searchId: 'search-1' })).toEqual([])
    })

    test('that are not there are undefined, also for ids that can be nobody’s', async () => {
      for (const id of [newId(), 'trial-1']) {
        expect(await trials().get(id)).toBeUndefined()
        expect(await trials().attempts(id)).toEqual([])
        expect(await trials().leases(id)).toEqual([])
        expect(await trials().measurements(id)).toEqual([])
        expect(await trials().beginAttempt(id, 'w', IN_A_MINUTE())).toBeUndefined()
        expect(await trials().renewLease(id, 'w', IN_A_MINUTE())).toBe(false)
        expect(await trials().measure({ trialId: id, attemptId: id, ...measured(1) })).toBe(false)
        expect(await trials().complete(id, 'w', measured(1))).toBe(false)
        const end = { state: 'failed', problem: null, retry: true } as const
        expect(await trials().endAttempt(id, 'w', end)).toBe(false)
        expect(await trials().cancelSearch(id)).toEqual([])
        expect(await trials().settle(id)).toBe(false)
        expect(await readRows([newId()])).toEqual([])
        expect(await trials().unended([id])).toEqual(new Set())
      }
    })

    test('end with their job when it is cancelled in the queue or given up', async () => {
      const [queued, orphan, givenUp] = (await anySearch(3)).trials
      await store().jobs.requestCancel(queued.jobId)
      expect(await stateOf(queued)).toEqual({ trial: 'cancelled', job: 'cancelled', attempts: [] })

      const open = await beginTrial(store(), orphan, 'dead')
      await store().jobs.requeueOrphan(orphan.jobId, IN_AN_HOUR())
      await store().jobs.requestCancel(orphan.jobId)
      expect(await stateOf(orphan)).toEqual({
        trial: 'cancelled',
        job: 'cancelled',
        attempts: ['lost'],
      })
      expect((await trials().leases(open.id))[0].releasedAt).toBeInstanceOf(Date)

      await beginTrial(store(), givenUp, 'dead')
      await store().jobs.claim(givenUp.jobId, 'w', IN_AN_HOUR())
      await store().jobs.end(givenUp.jobId, 'w', { state: 'failed', problem: PROBLEM })
      expect(await stateOf(givenUp)).toEqual({ trial: 'failed', job: 'failed', attempts: ['lost'] })
      expect((await trials().get(givenUp.id))!.problem).toEqual(PROBLEM)
      for (const { id } of [queued, orphan, givenUp]) expect(await trials().settle(id)).toBe(false)
    })

    test('are settled when their job has ended behind their back', async () => {
      const [failed, cancelled, running] = (await anySearch(3)).trials
      await beginTrial(store(), failed)
      await beginTrial(store(), running)
      const end = (jobId: string, state: string) =>
        store().pool.query(
          `update mixwright.jobs set state = $2, worker = null, heartbeat_at = null,
            problem = '{"code":"x"}', finished_at = now() where id = $1`,
          [jobId, state],
        )
      await end(failed.jobId, 'failed')
      await end(cancelled.jobId, 'cancelled')
      expect(await trials().settle(failed.id)).toBe(true)
      expect(await trials().settle(cancelled.id)).toBe(true)
      expect(await trials().settle(running.id)).toBe(false)
      expect(await trials().get(failed.id)).toMatchObject({
        state: 'failed',
        problem: { code: 'x' },
      })
      expect(await trials().get(cancelled.id)).toMatchObject({ state: 'cancelled', problem: null })
      expect((await stateOf(failed)).attempts).toEqual(['lost'])
      expect((await stateOf(running)).trial).toBe('running')
    })

    test('are cancelled with their search: the waiting at once, the running when they notice', async () => {
      const { search, trials: given } = await anySearch(4)
      const [done, running, claimed, waiting] = given
      await completeTrial(store(), done)
      const attempt = await beginTrial(store(), running, 'w')
      await store().jobs.claim(claimed.jobId, 'v', LONG_AGO)
      const { trials: others } = await anySearch(1)

      const jobs = await trials().cancelSearch(search.id)
      const states = Object.fromEntries(jobs.map(({ id, state }) => [id, state]))
      expect(states).toEqual({
        [running.jobId]: 'running',
        [claimed.jobId]: 'running',
        [waiting.jobId]: 'cancelled',
      })
      expect((await stateOf(waiting)).trial).toBe('cancelled')
      expect((await stateOf(done)).trial).toBe('completed')
      expect((await stateOf(others[0])).trial).toBe('waiting')
      expect((await store().jobs.heartbeat(running.jobId, 'w')).cancelRequested).toBe(true)
      const end = { state: 'cancelled', problem: null, retry: false } as const
      expect(await trials().endAttempt(attempt.id, 'w', end)).toBe(true)
      await store().jobs.end(claimed.jobId, 'v', { state: 'cancelled', problem: null })
      expect(await store().searches.counts(search.id)).toMatchObject({ completed: 1, cancelled: 3 })
      expect(await trials().cancelSearch(search.id)).toEqual([])
    })

    test('are read with their last measurement, in the order asked for', async () => {
      const { trials: given } = await anySearch(5)
      for (const trial of given.slice(0, 4)) await completeTrial(store(), trial)
      const exact = { ...measured(1_000), values: { z: 1 / 3, a: 1e-300 } }
      const attempt = await beginTrial(store(), given[4])
      const ids = given.map(({ id }) => id).reverse()
      const row = ({ id, weights }: (typeof given)[number], last = measured(1_000)) => ({
        runId: id,
        weights,
        values: last.values,
        standardErrors: last.standardErrors,
        tokens: last.tokens,
        seconds: expect.toSatisfy((seconds) => seconds === null || seconds > 0),
      })
      const completed = given.slice(0, 4).reverse()
      expect(await readRows(ids, 2)).toEqual([
        [row(completed[0])],
        [row(completed[1]), row(completed[2])],
        [row(completed[3])],
      ])
      await trials().complete(attempt.id, 'a trainer', exact)
      const [all] = await readRows(ids)
      expect(all.map(({ runId }) => runId)).toEqual(ids)
      expect(JSON.stringify(all[0].values)).toBe(JSON.stringify(exact.values))
      expect(await readRows([])).toEqual([])
    })

    test('are not mistaken for imported runs, nor these for them', async () => {
      const study = await store().studies.insert(newStudy())
      const imported = await importRows(store(), study, [runRow(1)])
      const { search, trials: given } = await startSearch(store(), study, 2)
      await completeTrial(store(), given[0])
      const { rows } = await store().pool.query(
        'select uid from mixwright.trials where import_id = $1',
        [imported.id],
      )
      expect(await trials().get(rows[0].uid)).toBeUndefined()
      expect(await trials().measurements(rows[0].uid)).toEqual([])
      expect(await readRows([rows[0].uid, given[0].id])).toHaveLength(1)
      expect(await trials().list({ studyId: study.id, limit: 9 })).toHaveLength(2)
      const posing = runRow(2, { runId: newTrial(search, 0, { id: given[0].id }).id })
      await expect(
        importRows(store(), study, [posing], { fidelity: search.fidelity }),
      ).rejects.toMatchObject({ name: 'DuplicateRunError', runIds: [given[0].id] })
    })

    test('whose checkpoints nobody needs are told from those that may be resumed', async () => {
      const [completed, cancelled, running, waiting] = (await anySearch(4)).trials
      await completeTrial(store(), completed)
      await store().jobs.requestCancel(cancelled.jobId)
      await beginTrial(store(), running)
      const ids = [completed, cancelled, running, waiting].map(({ id }) => id)
      const ended = async (date: Date) =>
        (await trials().endedBefore(date)).filter((id) => ids.includes(id))
      expect(await ended(LONG_AGO)).toEqual([])
      expect(await ended(IN_A_MINUTE())).toEqual([completed.id, cancelled.id])
      expect(await trials().unended([...ids, newId(), 'x'])).toEqual(
        new Set([running.id, waiting.id]),
      )
    })
  })
}
