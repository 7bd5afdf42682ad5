import { describe, expect, test } from 'vitest'
import type { OpenStore } from '../../../src/store/index.js'
import { completeTrial, ingest, newCorpus, newIngestion, startSearch } from '../support/proxies.js'
import { finishFit, newFit, newId, newStudy, queueFit } from '../support/records.js'

const LONG_AGO = new Date(0)
const IN_AN_HOUR = () => new Date(Date.now() + 3_600_000)

export function jobConformance(store: () => OpenStore): void {
  const queuedJob = async () =>
    (await queueFit(store(), await store().studies.insert(newStudy()))).job
  const runningJob = async (worker: string) => {
    const { id } = await queuedJob()
    return (await store().jobs.claim(id, worker, LONG_AGO))!
  }
  const stateOf = async (id: string) => (await store().jobs.get(id))?.state

  describe('jobs', () => {
    test('are claimed by exactly one of many', async () => {
      const { id, version } = await queuedJob()
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          store().jobs.claim(id, `worker-${index}`, LONG_AGO),
        ),
      )
      const won = claims.filter((job) => job !== undefined)
      expect(won).toHaveLength(1)
      expect(won[0]).toMatchObject({ id, state: 'running', attempts: 1, version: version + 1 })
      expect(won[0].worker).toBe(`worker-${claims.indexOf(won[0])}`)
      expect(won[0].startedAt).toBeInstanceOf(Date)
    })

    test('are claimed from a worker that shows no life, which then holds them no longer', async () => {
      const { id } = await runningJob('dead')
      expect(await store().jobs.claim(id, 'heir', LONG_AGO)).toBeUndefined()
      const claims = await Promise.all(
        ['a', 'b', 'c'].map((name) => store().jobs.claim(id, name, IN_AN_HOUR())),
      )
      expect(claims.filter(Boolean).length).toBeGreaterThan(0)
      expect(await store().jobs.heartbeat(id, 'dead')).toEqual({
        held: false,
        cancelRequested: false,
      })
      expect(await store().jobs.end(id, 'dead', { state: 'failed', problem: null })).toBe(false)
      expect(await store().jobs.release(id, 'dead')).toBe(false)
    })

    test('keep their first start and count attempts', async () => {
      const first = await runningJob('w')
      await store().jobs.release(first.id, 'w')
      const second = await store().jobs.claim(first.id, 'v', LONG_AGO)
      expect(second).toMatchObject({ attempts: 2, startedAt: first.startedAt, worker: 'v' })
    })

    test('show progress, and keep it when a heartbeat brings none', async () => {
      const { id, heartbeatAt } = await runningJob('w')
      const progress = { done: 3, total: 13, message: 'fitting metric/a' }
      expect(await store().jobs.heartbeat(id, 'w', progress)).toEqual({
        held: true,
        cancelRequested: false,
      })
      await store().jobs.heartbeat(id, 'w')
      const job = await store().jobs.get(id)
      expect(job?.progress).toEqual(progress)
      expect(job!.heartbeatAt!.getTime()).toBeGreaterThanOrEqual(heartbeatAt!.getTime())
    })

    test('end as failed with a problem, once', async () => {
      const { id } = await runningJob('w')
      const problem = { code: 'fit-failed', detail: 'no' }
      expect(await store().jobs.end(id, 'w', { state: 'failed', problem })).toBe(true)
      expect(await store().jobs.end(id, 'w', { state: 'cancelled', problem: null })).toBe(false)
      const job = await store().jobs.get(id)
      expect(job).toMatchObject({ state: 'failed', problem, worker: null, heartbeatAt: null })
      expect(job?.finishedAt).toBeInstanceOf(Date)
      expect(await store().jobs.claim(id, 'w', IN_AN_HOUR())).toBeUndefined()
    })

    test('are cancelled at once while queued', async () => {
      const { id } = await queuedJob()
      expect(await store().jobs.requestCancel(id)).toMatchObject({ state: 'cancelled' })
      expect((await store().jobs.get(id))?.finishedAt).toBeInstanceOf(Date)
      expect(await store().jobs.claim(id, 'w', IN_AN_HOUR())).toBeUndefined()
    })

    test('are asked to cancel while running', async () => {
      const { id } = await runningJob('w')
      expect(await store().jobs.requestCancel(id)).toMatchObject({ state: 'running', worker: 'w' })
      expect(await store().jobs.heartbeat(id, 'w')).toEqual({ held: true, cancelRequested: true })
      expect(await store().jobs.end(id, 'w', { state: 'cancelled', problem: null })).toBe(true)
    })

    test('that have ended are not changed by a cancellation', async () => {
      const { id } = await runningJob('w')
      await store().jobs.end(id, 'w', { state: 'failed', problem: { a: 1 } })
      const before = await store().jobs.get(id)
      expect(await store().jobs.requestCancel(id)).toEqual(before)
      expect(await store().jobs.get(id)).toEqual(before)
    })

    test('that should run and do not are found and given back', async () => {
      const queued = await queuedJob()
      const running = await runningJob('w')
      const ended = await runningJob('w')
      await store().jobs.end(ended.id, 'w', { state: 'failed', problem: null })

      const idsOf = async (date: Date) => (await store().jobs.findOrphans(date)).map(({ id }) => id)
      const now = await idsOf(LONG_AGO)
      expect(now).toContain(queued.id)
      expect(now).not.toContain(running.id)
      const later = await idsOf(IN_AN_HOUR())
      expect(later).toEqual(expect.arrayContaining([queued.id, running.id]))
      expect(later).not.toContain(ended.id)

      expect(await store().jobs.requeueOrphan(running.id, LONG_AGO)).toBe(false)
      expect(await store().jobs.requeueOrphan(running.id, IN_AN_HOUR())).toBe(true)
      expect(await store().jobs.requeueOrphan(queued.id, IN_AN_HOUR())).toBe(false)
      expect(await stateOf(running.id)).toBe('queued')
    })

    test('are found when thousands of another kind wait, abandoned ones first', async () => {
      const study = await store().studies.insert(newStudy())
      const { trials } = await startSearch(store(), study, 1_100)
      const abandoned = trials[trials.length - 1].jobId
      await store().jobs.claim(abandoned, 'w', LONG_AGO)
      const { id: fit } = await queuedJob()
      const found = (await store().jobs.findOrphans(IN_AN_HOUR())).map(({ id }) => id)
      expect(found).toEqual(expect.arrayContaining([fit, abandoned]))
      await store().studies.delete(study.id)
    })

    test('are listed newest first, by study and page by page', async () => {
      const study = await store().studies.insert(newStudy())
      const ids: string[] = []
      for (let index = 0; index < 3; index += 1) ids.push((await queueFit(store(), study)).job.id)
      const page = await store().jobs.list({ limit: 2, studyId: study.id })
      const rest = await store().jobs.list({ limit: 2, studyId: study.id, after: page[1].id })
      expect([...page, ...rest].map(({ id }) => id)).toEqual(ids.reverse())
      expect((await store().jobs.list({ limit: 1 }))[0].id).toBe(ids[0])
    })

    test('that ended long ago are removed; what they were about keeps its id', async () => {
      const study = await store().studies.insert(newStudy())
      const { trials } = await startSearch(store(), study, 3)
      await completeTrial(store(), trials[0])
      await store().jobs.requestCancel(trials[1].jobId)
      const fit = await finishFit(store(), study)
      const corpus = await store().corpora.insert(newCorpus())
      const ingestion = await ingest(store(), corpus)
      const removed = [trials[0].jobId, trials[1].jobId, fit.jobId, ingestion.jobId]

      const failedFit = await queueFit(store(), study)
      await store().jobs.requestCancel(failedFit.job.id)
      const request = (await store().corpora.requestIngestion(newIngestion(corpus)))!
      await store().jobs.requestCancel(request.job.id)
      const kept = [trials[2].jobId, failedFit.job.id, request.job.id, (await runningJob('w')).id]

      await store().jobs.deleteEndedBefore(LONG_AGO)
      for (const id of [...removed, ...kept]) expect(await stateOf(id)).toBeDefined()
      expect(await store().jobs.deleteEndedBefore(IN_AN_HOUR())).toBeGreaterThanOrEqual(4)
      for (const id of removed) expect(await stateOf(id)).toBeUndefined()
      for (const id of kept) expect(await stateOf(id)).toBeDefined()
      expect(await store().fits.get(fit.id)).toEqual(fit)
      expect(await store().corpora.ingestion(ingestion.id)).toEqual(ingestion)
      expect(await store().trials.get(trials[0].id)).toMatchObject({
        state: 'completed',
        jobId: trials[0].jobId,
      })
      await store().corpora.deleteIngestion(request.ingestion.id)
      await store().jobs.deleteEndedBefore(IN_AN_HOUR())
      expect(await stateOf(request.job.id)).toBeUndefined()
    })

    test('of fits that a search waits for are kept until it has ended', async () => {
      const study = await store().studies.insert(newStudy())
      const { search, trials } = await startSearch(store(), study, 1)
      await completeTrial(store(), trials[0])
      const fit = newFit(study)
      await store().searches.beginFit(search.id, fit)
      await store().jobs.claim(fit.jobId, 'w', LONG_AGO)
      await store().fits.finish(fit.id, 'w', { recommendation: {}, models: [] })
      await store().jobs.deleteEndedBefore(IN_AN_HOUR())
      expect(await store().jobs.delete(fit.jobId)).toBe('search')
      expect(await stateOf(fit.jobId)).toBe('succeeded')
      await store().searches.end(search.id, ['fitting'], { state: 'finished', problem: null })
      await store().jobs.deleteEndedBefore(IN_AN_HOUR())
      expect(await stateOf(fit.jobId)).toBeUndefined()
    })

    test('are deleted one by one once they have ended; what they were about keeps its id', async () => {
      const study = await store().studies.insert(newStudy())
      const { trials } = await startSearch(store(), study, 4)
      const [completed, failed, cancelled, bystander] = trials
      await completeTrial(store(), completed)
      await store().jobs.claim(failed.jobId, 'w', LONG_AGO)
      const end = { state: 'failed', problem: { code: 'training-diverged' } } as const
      await store().jobs.end(failed.jobId, 'w', end)
      await store().jobs.requestCancel(cancelled.jobId)
      const fit = await finishFit(store(), study)
      const ingestion = await ingest(store(), await store().corpora.insert(newCorpus()))
      const about = await Promise.all(trials.map(({ id }) => store().trials.get(id)))

      const jobs = [completed, failed, cancelled, fit, ingestion].map(({ jobId }) => jobId)
      for (const id of jobs) {
        expect(await store().jobs.delete(id)).toBe('deleted')
        expect(await store().jobs.get(id)).toBeUndefined()
        expect(await store().jobs.delete(id)).toBeUndefined()
      }
      expect(await stateOf(bystander.jobId)).toBe('queued')
      expect(await Promise.all(trials.map(({ id }) => store().trials.get(id)))).toEqual(about)
      expect(await store().fits.get(fit.id)).toEqual(fit)
      expect(await store().fits.latestFinished(study.id)).toEqual(fit)
      expect(await store().corpora.ingestion(ingestion.id)).toEqual(ingestion)
    })

    test('that are under way, or alone say what became of their subject, are not deleted', async () => {
      const corpus = await store().corpora.insert(newCorpus())
      const study = await store().studies.insert(newStudy())
      const { trials } = await startSearch(store(), study, 2)
      const [waiting, leftBehind] = trials
      const failedFit = (await runningJob('w')).id
      await store().jobs.end(failedFit, 'w', { state: 'failed', problem: { code: 'fit-failed' } })
      const { job: ingestion } = (await store().corpora.requestIngestion(newIngestion(corpus)))!
      await store().jobs.requestCancel(ingestion.id)
      await store().pool.query(
        `update mixwright.jobs set state = 'failed', finished_at = now() where id = $1`,
        [leftBehind.jobId],
      )
      const running = await runningJob('w')
      const needed = {
        [(await queuedJob()).id]: 'under-way',
        [running.id]: 'under-way',
        [waiting.jobId]: 'under-way',
        [leftBehind.jobId]: 'trial',
        [failedFit]: 'fit',
        [ingestion.id]: 'ingestion',
      }
      for (const [id, need] of Object.entries(needed)) {
        const before = await store().jobs.get(id)
        expect(await store().jobs.delete(id)).toBe(need)
        expect(await store().jobs.get(id)).toEqual(before)
      }
      expect(await store().jobs.heartbeat(running.id, 'w')).toMatchObject({ held: true })
      await store().trials.settle(leftBehind.id)
      expect(await store().jobs.delete(leftBehind.jobId)).toBe('deleted')
    })

    test('are deleted by one of many, and the others find none', async () => {
      const fit = await finishFit(store(), await store().studies.insert(newStudy()))
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, () => store().jobs.delete(fit.jobId)),
      )
      expect(outcomes.filter((outcome) => outcome === 'deleted')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(9)
    })

    test('that are not there are undefined, also for ids that can be nobody’s', async () => {
      for (const id of [newId(), 'job-1']) {
        expect(await store().jobs.get(id)).toBeUndefined()
        expect(await store().jobs.claim(id, 'w', IN_AN_HOUR())).toBeUndefined()
        expect(await store().jobs.requestCancel(id)).toBeUndefined()
        expect(await store().jobs.delete(id)).toBeUndefined()
      }
    })
  })
}
