import { describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import {
  finishBacktest,
  newBacktest,
  OWN_RUNS,
  queueBacktest,
  REPORT,
} from '../support/backtests.js'
import { newId, newStudy } from '../support/records.js'

export function backtestConformance(store: () => OpenStore): void {
  const anyStudy = () => store().studies.insert(newStudy())
  const failed = async () => {
    const { backtest, job } = await queueBacktest(store())
    await store().jobs.claim(job.id, 'w', new Date(0))
    const problem = { code: 'backtest-failed' }
    await store().jobs.end(job.id, 'w', { state: 'failed', problem })
    return backtest
  }

  describe('backtests', () => {
    test('are written with their job and the runs that they bring', async () => {
      const given = newBacktest()
      const { backtest, job } = await store().backtests.insertWithJob(given, OWN_RUNS)
      expect(backtest).toMatchObject({ ...given, report: null, finishedAt: null })
      expect(JSON.stringify(backtest.settings)).toBe(JSON.stringify(given.settings))
      expect(job).toMatchObject({
        id: given.jobId,
        kind: 'backtest',
        studyId: null,
        subjectId: given.id,
        state: 'queued',
      })
      expect(await store().backtests.get(backtest.id)).toEqual(backtest)
      const runs = await store().backtests.runs(backtest.id)
      const parsed = (pages: string[]) => pages.map((page) => JSON.parse(page))
      expect(runs.map(({ fidelity, pages }) => ({ fidelity, pages: parsed(pages) }))).toEqual(
        OWN_RUNS.map(({ fidelity, pages }) => ({ fidelity, pages: parsed(pages) })),
      )
    })

    test('leave no job behind when they cannot be written', async () => {
      const { backtest } = await queueBacktest(store())
      const jobId = newId()
      const again = { ...newBacktest(), id: backtest.id, jobId }
      await expect(store().backtests.insertWithJob(again, [])).rejects.toMatchObject({
        code: '23505',
      })
      expect(await store().jobs.get(jobId)).toBeUndefined()
    })

    test('finish with their report and job together, for the worker that holds the job, and once', async () => {
      const { backtest, job } = await queueBacktest(store())
      expect(await store().backtests.finish(backtest.id, 'w', REPORT)).toBe(false)
      await store().jobs.claim(job.id, 'w', new Date(0))
      expect(await store().backtests.finish(backtest.id, 'other', REPORT)).toBe(false)
      expect(await store().backtests.get(backtest.id)).toMatchObject({ report: null })
      expect(await store().backtests.finish(backtest.id, 'w', REPORT)).toBe(true)
      const finished = await store().backtests.get(backtest.id)
      expect(JSON.stringify(finished?.report)).toBe(JSON.stringify(REPORT))
      expect(finished?.finishedAt).toBeInstanceOf(Date)
      expect(await store().jobs.get(job.id)).toMatchObject({ state: 'succeeded', worker: null })
      expect(await store().backtests.finish(backtest.id, 'w', REPORT)).toBe(false)
      expect(await store().backtests.finish('nobody', 'w', REPORT)).toBe(false)
    })

    test('are listed newest first, by study and page by page, without their reports', async () => {
      const study = await anyStudy()
      const ids = [
        (await finishBacktest(store(), study, [newId(), newId()])).id,
        (await queueBacktest(store(), study)).backtest.id,
        (await queueBacktest(store(), study)).backtest.id,
      ]
      const page = await store().backtests.list({ limit: 2, studyId: study.id })
      const rest = await store().backtests.list({ limit: 2, studyId: study.id, after: page[1].id })
      expect([...page, ...rest].map(({ id }) => id)).toEqual(ids.reverse())
      const whole = (await store().backtests.get(rest[0].id))!
      const { report: _, problem: __, importIds, trialIds, ...listed } = whole
      expect(rest[0]).toEqual({ ...listed, imports: importIds.length, trials: trialIds.length })
      const { backtest } = await queueBacktest(store())
      expect((await store().backtests.list({ limit: 1 }))[0].id).toBe(backtest.id)
      expect(await store().backtests.list({ limit: 1, studyId: 'nobody' })).toEqual([])
    })

    test('are deleted with their job and runs, whatever the state', async () => {
      const { backtest: queued } = await queueBacktest(store())
      const all = [queued, await failed(), await finishBacktest(store())]
      const bystander = await queueBacktest(store())
      for (const { id, jobId } of all) {
        expect(await store().backtests.delete(id)).toBe(true)
        expect(await store().backtests.get(id)).toBeUndefined()
        expect(await store().backtests.runs(id)).toEqual([])
        expect(await store().jobs.get(jobId)).toBeUndefined()
        expect(await store().backtests.delete(id)).toBe(false)
      }
      expect(await store().jobs.get(bystander.job.id)).toEqual(bystander.job)
      expect(await store().backtests.runs(bystander.backtest.id)).toHaveLength(2)
      expect(await store().backtests.delete('nobody')).toBe(false)
    })

    test('go with their study, and their jobs with them', async () => {
      const study = await anyStudy()
      const { backtest, job } = await queueBacktest(store(), study)
      await store().studies.delete(study.id)
      expect(await store().backtests.get(backtest.id)).toBeUndefined()
      expect(await store().jobs.get(job.id)).toBeUndefined()
    })

    test('keep the job that alone says why they came to nothing', async () => {
      const { jobId } = await failed()
      expect(await store().jobs.delete(jobId)).toBe('backtest')
      await store().jobs.deleteEndedBefore(new Date(Date.now() + 3_600_000))
      expect(await store().jobs.get(jobId)).toMatchObject({ state: 'failed' })
      const finished = await finishBacktest(store())
      expect(await store().jobs.delete(finished.jobId)).toBe('deleted')
      expect(await store().backtests.get(finished.id)).toEqual(finished)
    })

    test('lose the runs that they brought once their job has ended', async () => {
      const { backtest: queued } = await queueBacktest(store())
      const { backtest: running, job } = await queueBacktest(store())
      await store().jobs.claim(job.id, 'w', new Date(0))
      const ended = [await finishBacktest(store()), await failed()]
      const jobless = await finishBacktest(store())
      await store().jobs.delete(jobless.jobId)
      expect(await store().backtests.deleteNeedlessRuns()).toBeGreaterThanOrEqual(3)
      for (const { id } of [...ended, jobless]) {
        expect(await store().backtests.runs(id)).toEqual([])
      }
      for (const { id } of [queued, running]) {
        expect(await store().backtests.runs(id)).toHaveLength(2)
      }
      expect(await store().backtests.deleteNeedlessRuns()).toBe(0)
    })
  })
}
