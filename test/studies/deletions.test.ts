import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { v7 as newId } from 'uuid'
import { describe, expect, test } from 'vitest'
import type { SearchView } from '../../src/studies/searches.js'
import { beginTrial, completeTrial } from '../store/support/proxies.js'
import { refusal, SearchPlace } from './search-support.js'

const at = new SearchPlace()

/** A search whose trials have all completed, so that its fit is at work. */
async function fittingSearch() {
  const study = await at.newStudy()
  const view = await at.services.searches.start(study.id, { trials: 3 })
  const trials = await at.trialsOf(view)
  for (const trial of trials) await completeTrial(at.store, trial)
  await at.services.searches.advance(view.search.id)
  const { fitId } = await at.stateOf(view)
  const fit = (await at.store.fits.get(fitId as string))!
  return { study, view, trials, fit }
}

const deleteJobs = async (jobs: readonly { jobId: string }[]) => {
  for (const { jobId } of jobs) await at.services.jobs.delete(jobId)
}

describe('deleting a job', () => {
  test('takes it from the list, and leaves search, trials, fit and recommendation as they are', async () => {
    const { study, view, trials, fit } = await fittingSearch()
    const { id: searchId, studyId } = view.search
    await at.store.jobs.claim(fit.jobId, 'a fitter', new Date(0))
    await at.store.fits.finish(fit.id, 'a fitter', { recommendation: {}, models: [] })
    await at.services.searches.advance(searchId)
    const read = async () => ({
      search: await at.services.searches.get(studyId, searchId),
      trials: await at.services.trials.list(studyId, { limit: 10 }),
      details: await Promise.all(trials.map(({ id }) => at.services.trials.get(studyId, id))),
      fit: await at.services.fits.get(studyId, fit.id),
      recommendation: await at.services.recommendations.latest(studyId),
    })
    const before = await read()
    await deleteJobs([...trials, fit])
    expect(await at.services.jobs.list({ studyId: study.id, limit: 10 })).toEqual({
      items: [],
      hasMore: false,
    })
    expect(await read()).toEqual(before)
    await at.services.searches.advance(searchId)
    expect(await at.stateOf(view)).toMatchObject({ state: 'finished' })
  })

  test('keeps nobody from cancelling, comparing, or searching once more', async () => {
    const { study, view, trials } = await fittingSearch()
    await deleteJobs(trials)
    await at.services.searches.cancel(study.id, view.search.id)
    const { studyId } = view.search
    const mixtures = { even: { web: 0.5, code: 0.5 } }
    const comparison = await at.services.searches.compare(studyId, { mixtures })
    const [first] = await at.trialsOf(comparison)
    await completeTrial(at.store, first)
    await at.services.jobs.delete(first.jobId)
    await at.services.studies.cancel(studyId)
    expect(await at.stateOf(comparison)).toMatchObject({ state: 'cancelled' })
    const next = await at.services.searches.start(studyId, { trials: 2 })
    for (const trial of await at.trialsOf(next)) await completeTrial(at.store, trial)
    await deleteJobs(await at.trialsOf(next))
    await at.services.searches.advance(next.search.id)
    const { fitId } = await at.stateOf(next)
    expect((await at.store.fits.get(fitId as string))?.trialIds).toHaveLength(5)
  })

  test('is refused while it is needed, with the reason', async () => {
    const { study, view, fit } = await fittingSearch()
    const refused = async (id: string, detail: RegExp) => {
      const error = await refusal(at.services.jobs.delete(id))
      expect(error).toMatchObject({ code: 'job-needed', status: 409 })
      expect(error.message).toMatch(detail)
      expect(await at.services.jobs.get(id)).toBeDefined()
    }
    await refused(fit.jobId, /has not ended; cancel it first/)
    await at.store.jobs.requestCancel(fit.jobId)
    await refused(fit.jobId, /a search waits for/)
    await at.services.searches.advance(view.search.id)
    await refused(fit.jobId, /alone says why its fit came to nothing; it goes with the study/)
    await at.services.studies.delete(study.id)
    expect((await refusal(at.services.jobs.delete(fit.jobId))).code).toBe('job-not-found')
  })

  test('of a search at work ends nothing before its time', async () => {
    const study = await at.newStudy()
    const view = await at.services.searches.start(study.id, { trials: 3 })
    const [first, second, third] = await at.trialsOf(view)
    await completeTrial(at.store, first)
    await beginTrial(at.store, second)
    await at.services.jobs.delete(first.jobId)
    for (const { jobId } of [second, third]) {
      expect((await refusal(at.services.jobs.delete(jobId))).code).toBe('job-needed')
    }
    await at.services.searches.advance(view.search.id)
    expect(await at.services.searches.get(study.id, view.search.id)).toMatchObject({
      search: { state: 'running' },
      counts: { completed: 1, running: 1, waiting: 1 },
    })
  })

  test('that is not there is refused', async () => {
    for (const id of [newId(), 'newest']) {
      expect((await refusal(at.services.jobs.delete(id))).code).toBe('job-not-found')
    }
  })
})

describe('deleting a checkpoint', () => {
  const fileOf = ({ id }: { id: string }) => at.place.dataFolder.checkpointFile(id)

  async function withCheckpoints(view: SearchView) {
    const trials = await at.trialsOf(view)
    for (const trial of trials) await writeFile(fileOf(trial), 'a checkpoint')
    return trials
  }

  test('of trials that have ended makes room, once; the trials stay', async () => {
    const study = await at.newStudy()
    const trials = await withCheckpoints(await at.services.searches.start(study.id, { trials: 3 }))
    const [failed, cancelled, other] = trials
    await at.setAside(failed)
    await at.services.jobs.cancel(cancelled.jobId)
    const used = await at.place.dataFolder.usage()
    for (const trial of [failed, cancelled]) {
      const before = await at.services.trials.get(study.id, trial.id)
      await at.services.trials.deleteCheckpoint(study.id, trial.id)
      expect(existsSync(fileOf(trial))).toBe(false)
      expect(await at.services.trials.get(study.id, trial.id)).toEqual(before)
      const again = at.services.trials.deleteCheckpoint(study.id, trial.id)
      expect((await refusal(again)).code).toBe('checkpoint-not-found')
    }
    expect(await at.place.dataFolder.usage()).toBe(used - 2 * 'a checkpoint'.length)
    expect(existsSync(fileOf(other))).toBe(true)
  })

  test('is refused as long as the trial may go on from it', async () => {
    const study = await at.newStudy()
    const trials = await withCheckpoints(await at.services.searches.start(study.id, { trials: 3 }))
    const [waiting, running, interrupted] = trials
    await beginTrial(at.store, running)
    const { id } = await beginTrial(at.store, interrupted)
    const end = { state: 'interrupted', problem: null, retry: true } as const
    await at.store.trials.endAttempt(id, 'a trainer', end)
    for (const [trial, state] of [
      [waiting, 'waiting'],
      [running, 'running'],
      [interrupted, 'waiting'],
    ] as const) {
      const error = await refusal(at.services.trials.deleteCheckpoint(study.id, trial.id))
      expect(error).toMatchObject({ code: 'trial-under-way', status: 409 })
      expect(error.message).toContain(`is ${state}`)
      expect(existsSync(fileOf(trial))).toBe(true)
    }
  })

  test('of a trial that is not there, or is another study’s, is refused and removes nothing', async () => {
    const study = await at.newStudy()
    const other = await at.newStudy()
    const view = await at.services.searches.start(study.id, { trials: 3 })
    const [trial] = await withCheckpoints(view)
    await at.services.studies.cancel(study.id)
    const { deleteCheckpoint } = at.services.trials
    for (const [studyId, trialId, code] of [
      [other.id, trial.id, 'trial-not-found'],
      [study.id, newId(), 'trial-not-found'],
      [study.id, '../../etc', 'trial-not-found'],
      [newId(), trial.id, 'study-not-found'],
    ]) {
      expect((await refusal(deleteCheckpoint(studyId, trialId))).code).toBe(code)
    }
    expect(existsSync(fileOf(trial))).toBe(true)
  })
})
