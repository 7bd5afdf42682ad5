import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../src/errors.js'
import type { SuggestInput } from '../../src/optimizers/types.js'
import { createDataFolder } from '../../src/store/data-folder.js'
import type { ProxyTrialRecord, StudyRecord } from '../../src/store/records.js'
import type { SearchView } from '../../src/studies/searches.js'
import { beginTrial, completeTrial } from '../store/support/proxies.js'
import { importRows } from '../store/support/records.js'
import { drawMixtures, withMethod } from './adaptive-support.js'
import { refusal, SearchPlace } from './search-support.js'
import { COMPUTE, PROXY } from './support.js'

const at = new SearchPlace()

const told: SuggestInput<unknown>[] = []

const curious = withMethod({
  name: 'curious',
  suggest: (input) => {
    told.push(input)
    return drawMixtures(input, input.fidelities[0], input.count)
  },
})

const single = withMethod({
  name: 'single',
  capabilities: { fidelities: false, pending: true, multiObjective: true, adaptive: true },
  needsRuns: true,
  suggest: (input) => drawMixtures(input, input.fidelities[0], input.count),
})

/** Has nothing to suggest after three results. */
const brief = withMethod({
  name: 'brief',
  suggest: (input) => {
    const results = input.completed.reduce((sum, { runIds }) => sum + runIds.length, 0)
    return results < 3 ? drawMixtures(input, input.fidelities[0], input.count) : []
  },
})

const broken = { isBroken: false }
const fragile = withMethod({
  name: 'fragile',
  suggest: (input) => {
    if (broken.isBroken) throw new TypeError('the matrix is not square')
    return drawMixtures(input, input.fidelities[0], input.count)
  },
})

const LARGER = { ...PROXY, model: { ...PROXY.model, width: 16 } }
const FIDELITIES = [
  { name: 'tiny', evaluator: 'proxy' as const, proxy: PROXY, cost: 1 },
  { name: 'larger', evaluator: 'proxy' as const, proxy: LARGER, cost: 5 },
  { name: 'tables', evaluator: 'table' as const, cost: 0.1 },
]
const DOMAINS = [
  { name: 'web', tokens: 900 },
  { name: 'code', tokens: 100 },
]

const studyOf = (method: string) =>
  at.newStudy({ domains: DOMAINS, fidelities: FIDELITIES }, method)

const openOf = async (view: SearchView): Promise<ProxyTrialRecord[]> =>
  (await at.trialsOf(view)).filter(({ state }) => state === 'waiting' || state === 'running')

/** As a worker does that trains a trial, and tells of it. */
async function complete(view: SearchView, trial: ProxyTrialRecord) {
  await completeTrial(at.store, trial)
  await at.services.searches.advance(view.search.id)
}

describe('a search by a method that looks at results', () => {
  test('begins with as many trials as are in flight, baselines first, and keeps its terms', async () => {
    const study = await studyOf('hyperband')
    const view = await at.services.searches.start(study.id, { trials: 9, parallel: 4 })
    expect(view).toMatchObject({
      search: {
        fidelity: 'larger',
        fidelities: ['tiny', 'larger'],
        trials: 9,
        budget: null,
        parallel: 4,
        state: 'running',
      },
      counts: { waiting: 4 },
    })
    const trials = await at.trialsOf(view)
    expect(trials.map(({ label }) => label)).toEqual(['uniform', 'natural', '', ''])
    expect(trials.slice(0, 2).map(({ fidelity }) => fidelity)).toEqual(['tiny', 'tiny'])
    expect(trials.map(({ position }) => position)).toEqual([0, 1, 2, 3])
    const rung = at.place.rung.map(([, id]) => id)
    expect(rung.slice(-4)).toEqual(trials.map(({ jobId }) => jobId))
    const [started] = await at.store.events.after(study.id, 0, 9)
    expect(started).toMatchObject({
      type: 'search-started',
      data: { fidelity: 'larger', trials: 9 },
    })
  })

  test('chooses the next trial by what was measured when one has ended, until it has them all, and fits', async () => {
    const study = await studyOf('curious')
    const view = await at.services.searches.start(study.id, { trials: 5, parallel: 2 })
    const [first] = await openOf(view)
    await at.services.searches.advance(view.search.id)
    expect(await at.trialsOf(view)).toHaveLength(2)
    await complete(view, first)
    expect(told.at(-1)).toMatchObject({ count: 1, fidelities: ['tiny', 'larger'] })
    expect(told.at(-1)?.completed.map(({ runIds }) => runIds)).toEqual([[first.id]])
    expect(told.at(-1)?.completed[0].standardErrors?.size).toBe(2)
    expect(told.at(-1)?.active[0].normalised.rows).toBe(1)
    expect(await openOf(view)).toHaveLength(2)
    const chosen = (await at.trialsOf(view))[2]
    expect(at.place.rung.at(-1)).toEqual(['trial', chosen.jobId])
    for (let i = 0; i < 4; i++) {
      const [next] = await openOf(view)
      expect(await at.stateOf(view)).toMatchObject({ state: 'running' })
      await complete(view, next)
    }
    const trials = await at.trialsOf(view)
    expect(trials).toHaveLength(5)
    expect(new Set(trials.map(({ seed }) => seed)).size).toBe(5)
    const { state, fitId } = await at.stateOf(view)
    expect(state).toBe('fitting')
    // At "larger", where the search was to end, nothing was run.
    expect(await at.store.fits.get(fitId as string)).toMatchObject({
      fidelity: 'tiny',
      trialIds: trials.map(({ id }) => id).toSorted(),
    })
  })

  // Hyperband may promote as soon as results are there; ADMIRE's design does not look at any.
  test.each([
    ['hyperband', 2],
    ['admire', 5],
  ])(
    'has its first trials alike, however many are in flight, in whatever process: %s',
    async (method, alike) => {
      const courses: unknown[] = []
      for (const parallel of [1, 3, 8]) {
        const view = await at.services.searches.start((await studyOf(method)).id, { parallel })
        const others = at.place.servicesWith({ trainingThreads: 7 })
        for (let i = 0; (await at.trialsOf(view)).length <= alike; i++) {
          const [next] = await openOf(view)
          await completeTrial(at.store, next)
          await (i % 2 === 0 ? others : at.services).searches.advance(view.search.id)
          expect(await openOf(view)).toHaveLength(parallel)
        }
        const trials = (await at.trialsOf(view)).slice(0, alike)
        courses.push(trials.map(({ weights, seed, fidelity }) => ({ weights, seed, fidelity })))
      }
      expect(courses[1]).toEqual(courses[0])
      expect(courses[2]).toEqual(courses[0])
    },
  )

  test('is taken on once by several at a time, in two processes', async () => {
    const study = await studyOf('hyperband')
    const view = await at.services.searches.start(study.id, { trials: 40, parallel: 4 })
    const others = at.place.servicesWith({})
    for (let round = 0; round < 3; round++) {
      for (const trial of await openOf(view)) await completeTrial(at.store, trial)
      await Promise.all(
        [at.services, others, at.services, others].map(({ searches }) =>
          searches.advance(view.search.id),
        ),
      )
      expect(await openOf(view)).toHaveLength(4)
    }
    const trials = await at.trialsOf(view)
    expect(trials.map(({ position }) => position)).toEqual(trials.map((_, i) => i))
    const keys = trials.map(({ fidelity, weights }) => `${fidelity} ${weights.join()}`)
    expect(new Set(keys).size).toBe(trials.length)
  })

  test('spends no more than its budget, and where it has no trials as many as that pays for', async () => {
    const study = await studyOf('hyperband')
    const view = await at.services.searches.start(study.id, { budget: 14.5, parallel: 3 })
    expect(view.search).toMatchObject({ budget: 14.5, trials: 14 })
    for (;;) {
      const [next] = await openOf(view)
      if (!next) break
      await complete(view, next)
    }
    const trials = await at.trialsOf(view)
    const costs: number[] = trials.map(({ fidelity }) => (fidelity === 'tiny' ? 1 : 5))
    expect(new Set(costs)).toEqual(new Set([1, 5]))
    const cost = costs.reduce((sum, one) => sum + one)
    expect(cost).toBeLessThanOrEqual(14.5)
    expect(cost).toBeGreaterThan(13.5)
    const { fitId } = await at.stateOf(view)
    const fit = (await at.store.fits.get(fitId as string))!
    expect(fit.fidelity).toBe('larger')
    expect(fit.trialIds).toHaveLength(trials.length)
  })

  test('stays at the fidelity that was asked for', async () => {
    const study = await studyOf('hyperband')
    const input = { fidelity: 'tiny', trials: 6, parallel: 6 }
    const view = await at.services.searches.start(study.id, input)
    expect(view.search).toMatchObject({ fidelity: 'tiny', fidelities: null })
    expect((await at.trialsOf(view)).map(({ fidelity }) => fidelity)).toEqual(Array(6).fill('tiny'))
  })

  test('of a method for one fidelity is at the one closest to the target run', async () => {
    const study = await studyOf(single.name)
    const { search } = await at.services.searches.start(study.id, { trials: 3 })
    expect(search).toMatchObject({ fidelity: 'larger', fidelities: null, parallel: 1 })
  })

  test('ends with a fit when the method has nothing more to try', async () => {
    const study = await studyOf(brief.name)
    const view = await at.services.searches.start(study.id, { trials: 99, parallel: 2 })
    for (let i = 0; i < 4; i++) await complete(view, (await openOf(view))[0])
    expect(await at.trialsOf(view)).toHaveLength(4)
    expect(await at.stateOf(view)).toMatchObject({ state: 'fitting' })
  })

  test('fits at once when the method has nothing to try from the start', async () => {
    const study = await studyOf(brief.name)
    const values = { 'loss/web': 3, 'loss/code': 2 }
    const rows = [
      [0.5, 0.5],
      [0.9, 0.1],
      [0.3, 0.7],
    ].map((weights, i) => ({
      runId: `run ${i}`,
      weights,
      values,
    }))
    await importRows(at.store, study, rows, { fidelity: 'tiny' })
    const view = await at.services.searches.start(study.id, { parallel: 2 })
    expect(view).toMatchObject({ search: { state: 'fitting' }, counts: { waiting: 0 } })
    expect(await at.trialsOf(view)).toEqual([])
  })

  test('does not repeat what was tried in an earlier one, baselines included', async () => {
    const study = await studyOf('hyperband')
    const first = await at.services.searches.start(study.id, { trials: 4, parallel: 4 })
    const before = await at.trialsOf(first)
    for (const trial of before) await completeTrial(at.store, trial)
    const over = { state: 'finished', problem: null } as const
    await at.store.searches.end(first.search.id, ['running'], over)
    const second = await at.services.searches.start(study.id, { trials: 4, parallel: 4 })
    const after = await at.trialsOf(second)
    expect(after.map(({ label }) => label)).toEqual(Array(4).fill(''))
    const keys = [...before, ...after].map(({ fidelity, weights }) => `${fidelity} ${weights}`)
    expect(new Set(keys).size).toBe(8)
  })
})

describe('a search by results, when things go wrong', () => {
  test('goes on beside a trial that is set aside, whose mixture is not tried again', async () => {
    const study = await studyOf(curious.name)
    const view = await at.services.searches.start(study.id, { trials: 9, parallel: 2 })
    const [first] = await openOf(view)
    await at.setAside(first)
    await at.services.searches.advance(view.search.id)
    expect(await openOf(view)).toHaveLength(2)
    expect(told.at(-1)?.avoid?.map(({ normalised }) => [...normalised.data])).toEqual([
      first.weights,
    ])
    const [, second] = await openOf(view)
    await at.services.jobs.cancel(second.jobId)
    expect(await openOf(view)).toHaveLength(2)
    expect(told.at(-1)?.avoid?.[0].normalised.rows).toBe(2)
  })

  test('gets no further trials once it is cancelled', async () => {
    const study = await studyOf('hyperband')
    const view = await at.services.searches.start(study.id, { trials: 9, parallel: 3 })
    const [running] = await at.trialsOf(view)
    await beginTrial(at.store, running)
    await Promise.all([
      at.services.searches.cancel(study.id, view.search.id),
      at.place.servicesWith({}).searches.advance(view.search.id),
    ])
    await at.services.searches.advance(view.search.id)
    expect(await openOf(view)).toMatchObject([{ id: running.id, state: 'running' }])
    expect(await at.stateOf(view)).toMatchObject({ state: 'cancelled' })
  })

  test('asks a method that fails again when a trial has ended, and fails with it when none is left', async () => {
    const study = await studyOf(fragile.name)
    const view = await at.services.searches.start(study.id, { trials: 9, parallel: 2 })
    const [first, second] = await openOf(view)
    broken.isBroken = true
    await complete(view, first)
    expect(await at.stateOf(view)).toMatchObject({ state: 'running', problem: null })
    expect(await openOf(view)).toHaveLength(1)
    await complete(view, second)
    expect(await at.stateOf(view)).toMatchObject({
      state: 'failed',
      problem: {
        code: 'search-failed',
        detail: 'fragile could not choose a trial: the matrix is not square',
      },
    })
    expect((await at.eventsOf(study.id)).at(-1)).toBe('search-failed')
    broken.isBroken = false
  })

  test('is put off while there is no thread to be had', async () => {
    const study = await studyOf('hyperband')
    const view = await at.services.searches.start(study.id, { trials: 9, parallel: 1 })
    const [first] = await openOf(view)
    await completeTrial(at.store, first)
    const busy = { suggest: () => Promise.reject(new MixwrightError('overloaded', 'busy')) }
    const others = at.place.servicesWith({ compute: { ...COMPUTE, ...busy } })
    expect(await refusal(others.searches.advance(view.search.id))).toMatchObject({
      code: 'overloaded',
    })
    expect(await at.stateOf(view)).toMatchObject({ state: 'running' })
    await at.services.searches.advance(view.search.id)
    expect(await openOf(view)).toHaveLength(1)
  })

  test('is refused what its terms cannot mean', async () => {
    const laws = await studyOf('mixing-laws')
    const start = (study: StudyRecord, input: object) =>
      refusal(at.services.searches.start(study.id, input))
    expect(await start(laws, { parallel: 2 })).toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer: '/parallel', detail: expect.stringContaining('mixing-laws does not') }],
    })
    const study = await studyOf('hyperband')
    expect(await start(study, { budget: 0.5 })).toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer: '/budget', detail: expect.stringContaining('at least 1,') }],
    })
    expect(await start(study, { budget: 4.9, fidelity: 'larger' })).toMatchObject({
      errors: [{ pointer: '/budget', detail: expect.stringContaining('at least 5,') }],
    })
    expect(await start(await studyOf(single.name), { trials: 2 })).toMatchObject({
      code: 'too-few-runs',
      errors: [{ pointer: '/trials' }],
    })
  })

  test('has a budget also where all trials are chosen at the start', async () => {
    const study = await studyOf('mixing-laws')
    const { search } = await at.services.searches.start(study.id, { budget: 32 })
    expect(search).toMatchObject({ fidelity: 'larger', trials: 6, budget: 32, parallel: null })
  })

  test('is refused when the largest checkpoints of the trials in flight outgrow the quota', async () => {
    // At width 16: 16 × 512 embedding, 16 × 8 positions, 16 × 48 + 256 attention, 16 × 64 × 2 feed-forward, 3 gains of 16.
    const bytes = 12 * (8192 + 128 + 1024 + 2048 + 48)
    const start = async (quotaBytes: number) => {
      const dataFolder = createDataFolder(`${at.place.folder}/${quotaBytes}`, { quotaBytes })
      const study = await studyOf('hyperband')
      const { searches } = at.place.servicesWith({ dataFolder, trainingThreads: 8 })
      return searches.start(study.id, { parallel: 3 })
    }
    expect(await start(3 * bytes)).toMatchObject({ counts: { waiting: 3 } })
    expect(await refusal(start(3 * bytes - 1))).toMatchObject({ code: 'quota-exceeded' })
  })
})
