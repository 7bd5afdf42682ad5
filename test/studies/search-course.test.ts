import { describe, expect, test } from 'vitest'
import type { Recommendation } from '../../src/optimizers/recommendation.js'
import { beginTrial, completeTrial } from '../store/support/proxies.js'
import { refusal, SearchPlace } from './search-support.js'

const at = new SearchPlace()

describe('taking a search on', () => {
  test('waits for the last trial, then fits all that completed, and ends with the fit', async () => {
    const study = await at.newStudy()
    const { searches } = at.services
    const view = await searches.start(study.id, { trials: 4 })
    const trials = await at.trialsOf(view)
    await searches.advance(view.search.id)
    for (const trial of trials.slice(0, 3)) await completeTrial(at.store, trial)
    await searches.advance(view.search.id)
    expect(await at.stateOf(view)).toMatchObject({ state: 'running', fitId: null })
    await at.setAside(trials[3])
    await Promise.all(Array.from({ length: 5 }, () => searches.advance(view.search.id)))
    const fitting = await at.stateOf(view)
    expect(fitting.state).toBe('fitting')
    const fit = (await at.store.fits.get(fitting.fitId as string))!
    expect(fit).toMatchObject({
      method: 'mixing-laws',
      seed: 5,
      fidelity: 'proxy',
      trialIds: trials.slice(0, 3).map(({ id }) => id),
      importIds: [],
    })
    expect(at.place.rung.filter(([kind, id]) => kind === 'fit' && id === fit.jobId)).toHaveLength(1)
    await searches.advance(view.search.id)
    expect((await at.stateOf(view)).state).toBe('fitting')
    await at.store.jobs.claim(fit.jobId, 'a fitter', new Date(0))
    await at.store.fits.finish(fit.id, 'a fitter', { recommendation: {}, models: [] })
    await Promise.all([searches.advance(view.search.id), searches.advance(view.search.id)])
    expect(await at.stateOf(view)).toMatchObject({ state: 'finished', problem: null })
    expect(await at.eventsOf(study.id)).toEqual([
      'search-started',
      'fit-started',
      'search-finished',
    ])
  })

  test('fails when too few trials completed, and counts them', async () => {
    const study = await at.newStudy()
    const view = await at.services.searches.start(study.id, { trials: 4 })
    const [first, second, ...others] = await at.trialsOf(view)
    for (const trial of [first, second]) await completeTrial(at.store, trial)
    for (const trial of others) await at.setAside(trial)
    await at.services.searches.advance(view.search.id)
    const { state, problem } = await at.stateOf(view)
    expect(state).toBe('failed')
    expect(problem).toMatchObject({
      code: 'search-failed',
      detail:
        'Of 4 trials 2 completed, 2 were set aside and 0 were cancelled (trial 2: The loss is not finite). With the other ' +
        'runs at fidelity "proxy" there are 2; mixing-laws takes at least 3 for 2 domains.',
    })
    expect((await at.eventsOf(study.id)).at(-1)).toBe('search-failed')
  })

  test('fails with its fit, and takes the fit’s problem', async () => {
    const study = await at.newStudy()
    const view = await at.services.searches.start(study.id, { trials: 3 })
    for (const trial of await at.trialsOf(view)) await completeTrial(at.store, trial)
    await at.services.searches.advance(view.search.id)
    const { fitId } = await at.stateOf(view)
    const { jobId } = (await at.store.fits.get(fitId as string))!
    await at.store.jobs.claim(jobId, 'a fitter', new Date(0))
    const problem = { code: 'fit-failed', detail: 'the matrix is not square' }
    await at.store.jobs.end(jobId, 'a fitter', { state: 'failed', problem })
    await at.services.searches.advance(view.search.id)
    expect(await at.stateOf(view)).toMatchObject({ state: 'failed', problem })
  })

  test('a later search learns from the trials of earlier ones, and suggests none of them again', async () => {
    const study = await at.newStudy()
    const first = await at.services.searches.start(study.id, { trials: 3 })
    const before = await at.trialsOf(first)
    for (const trial of before) await completeTrial(at.store, trial)
    await at.services.searches.advance(first.search.id)
    await at.store.searches.end(first.search.id, ['fitting'], {
      state: 'finished',
      problem: null,
    })
    // One more is enough, with those from before.
    const second = await at.services.searches.start(study.id, { trials: 2 })
    const after = await at.trialsOf(second)
    expect(after[1].label).toBe('')
    expect(before.map(({ weights }) => weights.join())).not.toContain(after[1].weights.join())
    for (const trial of after) await completeTrial(at.store, trial)
    await at.services.searches.advance(second.search.id)
    const { fitId } = await at.stateOf(second)
    const { trialIds } = (await at.store.fits.get(fitId as string))!
    expect(trialIds).toEqual([...before, ...after].map(({ id }) => id))
  })
})

describe('cancelling a search', () => {
  test('ends waiting trials at once and asks for running ones, and what completed stays', async () => {
    const study = await at.newStudy()
    const view = await at.services.searches.start(study.id, { trials: 4 })
    const [completed, running, ...waiting] = await at.trialsOf(view)
    await completeTrial(at.store, completed)
    await beginTrial(at.store, running)
    const after = await at.services.searches.cancel(study.id, view.search.id)
    expect(after).toMatchObject({
      search: { state: 'cancelled' },
      counts: { waiting: 0, running: 1, completed: 1, cancelled: 2 },
    })
    for (const { jobId } of waiting) {
      expect(await at.store.jobs.get(jobId)).toMatchObject({ state: 'cancelled' })
    }
    const job = await at.store.jobs.get(running.jobId)
    expect(job?.state).toBe('running')
    expect(job?.cancelRequestedAt).not.toBeNull()
    expect(await refusal(at.services.searches.cancel(study.id, view.search.id))).toMatchObject({
      code: 'search-already-ended',
    })
    expect((await at.eventsOf(study.id)).at(-1)).toBe('search-cancelled')
  })

  test('that is fitting cancels its fit', async () => {
    const study = await at.newStudy()
    const view = await at.services.searches.start(study.id, { trials: 3 })
    for (const trial of await at.trialsOf(view)) await completeTrial(at.store, trial)
    await at.services.searches.advance(view.search.id)
    await at.services.searches.cancel(study.id, view.search.id)
    const { fitId } = await at.stateOf(view)
    const { jobId } = (await at.store.fits.get(fitId as string))!
    expect(await at.store.jobs.get(jobId)).toMatchObject({ state: 'cancelled' })
  })

  test('cancelling the jobs of all trials one by one ends the search as well', async () => {
    const study = await at.newStudy()
    const view = await at.services.searches.start(study.id, { trials: 3 })
    const trials = await at.trialsOf(view)
    for (const { jobId } of trials) await at.services.jobs.cancel(jobId)
    await at.services.jobs.cancel(trials[0].jobId)
    expect(await at.stateOf(view)).toMatchObject({
      state: 'failed',
      problem: { detail: expect.stringContaining('3 were cancelled') },
    })
    expect(await at.eventsOf(study.id)).toEqual([
      'search-started',
      ...trials.map(() => 'trial-cancelled'),
      'search-failed',
    ])
  })

  test('cancelling a study ends its search and all of its jobs', async () => {
    const study = await at.newStudy()
    const view = await at.services.searches.start(study.id, { trials: 3 })
    const { job } = await at.services.fits.request(study.id, { method: 'baselines' })
    await at.services.studies.cancel(study.id)
    expect(await at.stateOf(view)).toMatchObject({ state: 'cancelled' })
    expect(await at.store.jobs.get(job.id)).toMatchObject({ state: 'cancelled' })
    await expect(at.services.studies.cancel(study.id)).resolves.toMatchObject({ id: study.id })
  })
})

test('a recommendation of a search is that of its fit', async () => {
  const study = await at.newStudy()
  const view = await at.services.searches.start(study.id, { trials: 3 })
  for (const trial of await at.trialsOf(view)) await completeTrial(at.store, trial)
  await at.services.searches.advance(view.search.id)
  const { fitId } = await at.stateOf(view)
  const { jobId } = (await at.store.fits.get(fitId as string))!
  await at.store.jobs.claim(jobId, 'a fitter', new Date(0))
  const recommendation = { weights: { web: 1 } } as unknown as Recommendation
  await at.store.fits.finish(fitId as string, 'a fitter', {
    recommendation: { ...recommendation },
    models: [],
  })
  expect(await at.services.recommendations.latest(study.id)).toMatchObject({
    fit: { id: fitId },
    recommendation,
  })
})
