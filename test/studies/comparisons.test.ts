import { describe, expect, test } from 'vitest'
import { completeTrial } from '../store/support/proxies.js'
import { refusal, SearchPlace } from './search-support.js'
import { corpusProblem } from './support.js'

const at = new SearchPlace()

describe('a comparison', () => {
  test('trains every mixture with the same new seeds, and ends without a fit', async () => {
    const study = await at.newStudy()
    const mixtures = { 'all code': { code: 1 }, half: { web: 0.5, code: 0.5 } }
    const view = await at.services.searches.compare(study.id, { mixtures, replicates: 2 })
    expect(view.search).toMatchObject({ purpose: 'comparison', trials: 4 })
    const trials = await at.trialsOf(view)
    expect(trials.map(({ label, weights }) => [label, ...weights])).toEqual([
      ['all code', 0, 1],
      ['half', 0.5, 0.5],
      ['all code', 0, 1],
      ['half', 0.5, 0.5],
    ])
    const seeds = trials.map(({ seed }) => seed)
    expect(seeds[0]).toBe(seeds[1])
    expect(seeds[2]).toBe(seeds[3])
    expect(seeds[0]).not.toBe(seeds[2])
    await completeTrial(at.store, trials[0])
    for (const trial of trials.slice(1)) await at.setAside(trial)
    await at.services.searches.advance(view.search.id)
    expect(await at.stateOf(view)).toMatchObject({ state: 'finished', fitId: null })
    // Its trials are no runs to fit.
    expect(await refusal(at.services.fits.request(study.id, {}))).toMatchObject({
      code: 'too-few-runs',
      message: expect.stringContaining('0 training runs'),
    })
  })

  test('of which nothing completed has failed', async () => {
    const study = await at.newStudy()
    const mixtures = { half: { web: 0.5, code: 0.5 } }
    const view = await at.services.searches.compare(study.id, { mixtures })
    for (const trial of await at.trialsOf(view)) await at.setAside(trial)
    await at.services.searches.advance(view.search.id)
    expect(await at.stateOf(view)).toMatchObject({ state: 'failed' })
  })

  test('is refused for what is no mixture, by its name', async () => {
    const study = await at.newStudy()
    const compare = (mixtures: Record<string, Record<string, number>>) =>
      refusal(at.services.searches.compare(study.id, { mixtures }))
    expect(await compare({ 'a/b': { web: 0.5 } })).toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer: '/mixtures/a~1b' }],
    })
    expect(await compare({ x: { mail: 1 } })).toMatchObject({
      errors: [{ pointer: '/mixtures/x/mail' }],
    })
    expect(await compare({})).toMatchObject({ errors: [{ pointer: '/mixtures' }] })
  })
})

describe('a fit of a study with proxies', () => {
  test('takes completed trials, and its data hash tells what they measured and not who they are', async () => {
    const requested = async () => {
      const study = await at.newStudy({ corpus: shared.corpus })
      const view = await at.services.searches.start(study.id, { trials: 3 })
      for (const trial of await at.trialsOf(view)) await completeTrial(at.store, trial)
      return { view, ...(await at.services.fits.request(study.id, {})) }
    }
    const shared = await corpusProblem(at.store)
    const [one, two] = [await requested(), await requested()]
    expect(one.fit.trialIds).toEqual((await at.trialsOf(one.view)).map(({ id }) => id))
    expect(two.fit.trialIds).not.toEqual(one.fit.trialIds)
    expect(two.fit.dataHash).toBe(one.fit.dataHash)
  })
})

describe('the trials of a study', () => {
  test('can be looked at with all that happened to them, and paged through', async () => {
    const study = await at.newStudy()
    const view = await at.services.searches.start(study.id, { trials: 5 })
    const [first, second] = await at.trialsOf(view)
    await completeTrial(at.store, first)
    await at.setAside(second)
    const looked = await at.services.trials.get(study.id, first.id)
    expect(looked.attempts).toMatchObject([
      { number: 1, state: 'completed', leases: [{ holder: 'a trainer' }] },
    ])
    expect(looked.measurements.map(({ tokens }) => tokens)).toEqual([500, 1000])
    const page = await at.services.trials.list(study.id, { limit: 2 })
    expect(page).toMatchObject({
      items: [{ id: first.id, measurement: { tokens: 1000 } }, { id: second.id }],
      hasMore: true,
    })
    const failed = await at.services.trials.list(study.id, { limit: 9, state: 'failed' })
    expect(failed.items.map(({ id }) => id)).toEqual([second.id])
    const missing = at.services.trials.get(study.id, study.id)
    expect(await refusal(missing)).toMatchObject({ code: 'trial-not-found' })
  })
})
