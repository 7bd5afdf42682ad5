import { v7 as uuid } from 'uuid'
import { describe, expect, test } from 'vitest'
import type { Problem } from '../../src/optimizers/problem.js'
import { OPTIMIZERS } from '../../src/optimizers/registry.js'
import { makeRuns, PROBLEM, type Run, TestClient } from './client.js'

const client = new TestClient({ limits: { backtestRuns: 6_000, backtestSteps: 12_000 } })

const ID = '0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60'

const COSTS = { small: 0.1, large: 1 }
const SIZES = Object.entries(COSTS)
const TWO_SIZES = {
  ...PROBLEM,
  fidelities: SIZES.map(([name, cost]) => ({ name, evaluator: 'table', cost })),
}
const WITHOUT_COSTS = {
  ...PROBLEM,
  fidelities: SIZES.map(([name]) => ({ name, evaluator: 'table' })),
}

const tables = (small: number, large: number) => [
  { fidelity: 'small', runs: makeRuns(small, 'small') },
  { fidelity: 'large', runs: makeRuns(large, 'large') },
]

type Costed = (typeof TWO_SIZES.fidelities)[number]
const atOrder = (order: number) => (fidelity: Costed) => ({ ...fidelity, order })
const atCost = (cost: number) => (fidelity: Costed) => ({ ...fidelity, cost })

const CHEAP = { methods: [{ method: 'random' }], seeds: 3 }

async function studyWith(problem: object, runs: Record<string, Run[]>): Promise<string> {
  const study = await client.newStudy({ problem })
  for (const [fidelity, some] of Object.entries(runs)) {
    const { status } = await client.post(`${study}/imports`, { fidelity, runs: some })
    expect(status).toBe(201)
  }
  return study.split('/').at(-1)!
}

const request = (body: object) => client.post('/v1/backtests', body)

/** The backtest once its job has ended. */
async function replayed(body: object) {
  const { status, headers } = await request(body)
  expect(status).toBe(202)
  const job = await client.endOf(String(headers.location))
  expect(job).toMatchObject({ kind: 'backtest', state: 'succeeded', problem: null })
  return (await client.get(job.result)).body
}

describe('a backtest', () => {
  test('of a study is answered with a job, which leads to its report', async () => {
    const runs = { small: makeRuns(30, 'small'), large: makeRuns(12, 'large') }
    const study = await studyWith(TWO_SIZES, runs)
    const { status, headers, body } = await request({ study, ...CHEAP, seed: 5 })
    expect(status).toBe(202)
    expect(headers.location).toBe(`/v1/jobs/${body.id}`)
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    const job = await client.endOf(String(headers.location))
    expect(job).toMatchObject({ kind: 'backtest', studyId: study, state: 'succeeded' })
    const { body: backtest } = await client.get(job.result)
    expect(backtest).toMatchObject({
      id: body.subjectId,
      jobId: body.id,
      studyId: study,
      settings: { target: 'large', costs: COSTS, seeds: 3, seed: 5, budget: 12, maxRuns: 200 },
    })
    expect(backtest.importIds).toHaveLength(2)
    const { report } = backtest
    expect(report).toMatchObject({ target: 'large', candidates: 12, seeds: [5, 6, 7] })
    const scores = runs.large.map(({ metrics }) => (metrics.val_loss - metrics.accuracy) / 2)
    expect(report.best).toBeCloseTo(Math.min(...scores), 12)
    expect(report.mean).toBeCloseTo(scores.reduce((sum, score) => sum + score) / 12, 12)
    const [{ label, budgets }] = report.entries
    expect(label).toBe('random')
    expect(budgets.map(({ cost }: { cost: number }) => cost)).toEqual(backtest.settings.budgets)
    for (const { regret } of budgets) expect(regret?.mean ?? 0).toBeGreaterThanOrEqual(0)
    expect(report.provenance).toMatchObject({ seed: 5, dataHash: backtest.dataHash })
  })

  test('tries mixtures where runs cost no more than at the target, unless it is told', async () => {
    const [small, large] = tables(12, 8)
    const methods = [
      { method: 'random' },
      { method: 'hyperband' },
      { method: 'hyperband', label: 'all', fidelities: ['small', 'large'] },
    ]
    const asked = { target: 'small', methods, seeds: 1, budget: 4 }
    const { settings, report } = await replayed({
      problem: TWO_SIZES,
      tables: [small, large],
      costs: COSTS,
      ...asked,
    })
    expect(settings.methods.map(({ fidelities }: { fidelities: string[] }) => fidelities)).toEqual([
      ['small'],
      ['small'],
      ['small', 'large'],
    ])
    const [random, hyperband, all] = report.entries.map(
      ({ runs }: { runs: Record<string, number> }) => runs.large,
    )
    expect([random, hyperband]).toEqual([0, 0])
    expect(all).toBeGreaterThan(0)
  })

  test('says the same of the same runs, whether a study has them or the request', async () => {
    const [small, large] = tables(20, 10)
    const study = await studyWith(TWO_SIZES, { small: small.runs, large: large.runs })
    const asked = {
      ...CHEAP,
      methods: [{ method: 'random' }, { label: 'laws', method: 'mixing-laws' }],
    }
    const ofStudy = await replayed({ study, ...asked })
    const inline = await replayed({ problem: TWO_SIZES, tables: [small, large], ...asked })
    expect(inline.studyId).toBeNull()
    expect(inline.importIds).toEqual([])
    expect(inline.settings).toEqual(ofStudy.settings)
    expect(inline.dataHash).toBe(ofStudy.dataHash)
    expect(inline.report).toEqual(ofStudy.report)
  })

  test('replays by default a random search, the method of the study and admire', async () => {
    const study = await studyWith(PROBLEM, { default: makeRuns(8) })
    const { settings } = await replayed({ study, seeds: 1, budget: 2 })
    const wanted = ['random', 'mixing-laws', 'admire'].filter((name) => OPTIMIZERS.has(name))
    expect(settings.methods.map(({ method }: { method: string }) => method)).toEqual(wanted)
    expect(settings.costs).toEqual({ default: 1 })
  })

  test('replays the method of the study without what it learns from earlier ones', async () => {
    const earlier = await studyWith(PROBLEM, { default: makeRuns(8) })
    const params = { initialRuns: 2, previous: [{ study: earlier, use: 'fidelity' }] }
    const created = await client.newStudy({ problem: PROBLEM, method: 'admire', params })
    await client.post(`${created}/imports`, { runs: makeRuns(8) })
    const study = created.split('/').at(-1)
    const { settings } = await replayed({ study, seeds: 1, budget: 2, maxRuns: 1 })
    const [, own] = settings.methods
    expect(own).toMatchObject({ method: 'admire', params: { initialRuns: 2, previous: [] } })
  })

  test('takes costs in place of those of the problem', async () => {
    const runs = { small: makeRuns(6, 'small'), large: makeRuns(6, 'large') }
    const study = await studyWith(WITHOUT_COSTS, runs)
    const { settings, report } = await replayed({
      study,
      ...CHEAP,
      costs: { large: 20 },
      budget: 40,
    })
    expect(settings.costs).toEqual({ small: 1, large: 20 })
    expect(report.entries[0].runs.large).toBeLessThanOrEqual(2)
  })

  test('lets entries of one method differ by label, parameters and fidelities', async () => {
    const methods = [
      { label: 'all', method: 'random' },
      { label: 'large only', method: 'random', fidelities: ['large'] },
    ]
    const { report } = await replayed({
      problem: TWO_SIZES,
      tables: tables(10, 5),
      ...CHEAP,
      methods,
      shuffle: ['small'],
    })
    const [, only] = report.entries
    expect(only).toMatchObject({
      label: 'large only',
      method: 'random',
      runs: { small: 0, large: 5 },
    })
  })

  test('takes fidelities and labels by names that every object inherits', async () => {
    const names = ['__proto__', 'constructor']
    const fidelities = names.map((name) => ({ name, evaluator: 'table' }))
    const tables = names.map((fidelity) => ({ fidelity, runs: makeRuns(5, fidelity) }))
    const costs = JSON.parse('{"__proto__": 0.5, "constructor": 2}')
    const { settings, report } = await replayed({
      problem: { ...PROBLEM, fidelities },
      tables,
      costs,
      methods: [{ label: '__proto__', method: 'random' }],
      seeds: 1,
    })
    expect(Object.entries(settings.costs)).toEqual(Object.entries(costs))
    expect(Object.keys(report.entries[0].runs)).toEqual(names)
  })

  test('is listed without its report, by study', async () => {
    const study = await studyWith(PROBLEM, { default: makeRuns(5) })
    const first = await replayed({ study, ...CHEAP, seeds: 1 })
    const second = await replayed({ study, ...CHEAP, seeds: 1 })
    const page = (await client.get(`/v1/backtests?studyId=${study}&limit=1`)).body
    const { report: _, importIds, trialIds, ...listed } = second
    const counts = { imports: importIds.length, trials: trialIds.length }
    expect(page.items).toEqual([{ ...listed, ...counts }])
    expect(counts.imports).toBeGreaterThan(0)
    const rest = await client.get(
      `/v1/backtests?studyId=${study}&limit=1&cursor=${page.pagination.cursor}`,
    )
    expect(rest.body.items.map(({ id }: { id: string }) => id)).toEqual([first.id])
    const other = await client.get(`/v1/backtests?limit=1&cursor=${page.pagination.cursor}`)
    expect(other.body.code).toBe('malformed-cursor')
    const jobs = (await client.get(`/v1/jobs?studyId=${study}`)).body.items
    expect(jobs.map(({ kind }: { kind: string }) => kind)).toEqual(['backtest', 'backtest'])
  })

  test('is deleted with its job', async () => {
    const { id, jobId } = await replayed({
      problem: PROBLEM,
      tables: [{ runs: makeRuns(5) }],
      ...CHEAP,
    })
    const url = `/v1/backtests/${id}`
    expect((await client.delete(url)).status).toBe(204)
    expect((await client.get(`/v1/jobs/${jobId}`)).body.code).toBe('job-not-found')
    for (const answer of [await client.get(url), await client.delete(url)]) {
      expect(answer).toMatchObject({ status: 404, body: { code: 'backtest-not-found' } })
    }
  })

  test('is not found where the address has no id', async () => {
    const answer = await client.get('/v1/backtests/nonsense')
    expect(answer).toMatchObject({ status: 404, body: { code: 'backtest-not-found' } })
  })

  test('is cancelled by its job', async () => {
    const study = await studyWith(PROBLEM, { default: makeRuns(150) })
    const long = { study, methods: [{ method: 'mixing-laws' }], seeds: 60, budget: 150 }
    const { headers, body } = await request(long)
    const cancelled = await client.post(`${headers.location}/cancellation`)
    expect(cancelled.status).toBe(202)
    expect(await client.endOf(String(headers.location))).toMatchObject({ state: 'cancelled' })
    const { body: backtest } = await client.get(`/v1/backtests/${body.subjectId}`)
    expect(backtest).toMatchObject({ report: null, finishedAt: null })
    const kept = await client.delete(String(headers.location))
    expect(kept).toMatchObject({ status: 409, body: { code: 'job-needed' } })
    expect(kept.body.detail).toContain('why its backtest came to nothing')
    expect((await client.delete(`/v1/backtests/${body.subjectId}`)).status).toBe(204)
    expect((await client.get(String(headers.location))).status).toBe(404)
  })

  test('is stopped when it is deleted, or its study is', async () => {
    const study = await studyWith(PROBLEM, { default: makeRuns(150) })
    const long = { methods: [{ method: 'mixing-laws' }], seeds: 60, budget: 150 }
    const ofStudy = await request({ study, ...long })
    const inline = await request({ problem: PROBLEM, tables: [{ runs: makeRuns(150) }], ...long })
    expect((await client.delete(`/v1/studies/${study}`)).status).toBe(204)
    expect((await client.delete(`/v1/backtests/${inline.body.subjectId}`)).status).toBe(204)
    for (const { headers } of [ofStudy, inline]) {
      expect((await client.get(String(headers.location))).status).toBe(404)
    }
    // The threads are free again.
    await replayed({ problem: PROBLEM, tables: [{ runs: makeRuns(5) }], ...CHEAP })
  })

  test('that is asked for again with the same Idempotency-Key is the same', async () => {
    const payload = { problem: PROBLEM, tables: [{ runs: makeRuns(5) }], ...CHEAP }
    const headers = { 'idempotency-key': 'backtest-once' }
    const ask = () => client.call({ method: 'POST', url: '/v1/backtests', payload, headers })
    const [first, second] = [await ask(), await ask()]
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect(second.body).toEqual(first.body)
  })

  test('that an earlier try has made is the one that is wanted', async () => {
    const { backtests } = client.service.services
    const asked = {
      id: uuid(),
      problem: PROBLEM as Problem,
      tables: [{ runs: makeRuns(5) }],
      ...CHEAP,
    }
    const first = await backtests.request(asked)
    expect(first.backtest.id).toBe(asked.id)
    const again = await backtests.request({ ...asked, seeds: 7 })
    expect(again.backtest.settings.seeds).toBe(3)
    expect(again.job.id).toBe(first.job.id)
  })

  test('answers 5,000 runs', async () => {
    const study = await studyWith(PROBLEM, { default: makeRuns(5000) })
    const { report } = await replayed({ study, ...CHEAP })
    expect(report).toMatchObject({ candidates: 5000 })
    expect(report.entries[0].runs.default).toBe(20)
  })
})

describe('a backtest is refused', () => {
  const inline = (change: object = {}) =>
    request({ problem: TWO_SIZES, tables: tables(8, 6), ...CHEAP, ...change })

  /** Each run has a metric, none has both. */
  const halfMeasured = (runs: Run[]) =>
    runs.map((run, i) => {
      const { val_loss, accuracy } = run.metrics
      return { ...run, metrics: i % 2 === 0 ? { val_loss } : { accuracy } }
    })

  test.each([
    ['an unknown method', { methods: [{ method: 'magic' }] }, '/methods/0/method', /random/],
    [
      'an unknown parameter',
      { methods: [{ method: 'random' }, { method: 'regmix', params: { magic: 1 } }] },
      '/methods/1/params/magic',
      /not known/,
    ],
    [
      'earlier studies to learn from',
      {
        methods: [
          { method: 'random' },
          { method: 'admire', params: { previous: [{ study: ID, use: 'fidelity' }] } },
        ],
      },
      '/methods/1/params/previous',
      /only the runs that it has made itself/,
    ],
    [
      'two methods of one label',
      { methods: [{ method: 'random' }, { method: 'random' }] },
      '/methods/1/label',
      /label of its own/,
    ],
    [
      'a fidelity of a method that has no runs',
      { methods: [{ method: 'random', fidelities: ['tiny'] }] },
      '/methods/0/fidelities/0',
      /no runs at "tiny"/,
    ],
    ['an unknown target', { target: 'tiny' }, '/target', /small, large/],
    ['an unknown fidelity to shuffle', { shuffle: ['tiny'] }, '/shuffle/0', /small, large/],
    ['a target to shuffle', { shuffle: ['large'] }, '/shuffle/0', /judged/],
    ['a cost of an unknown fidelity', { costs: { tiny: 1 } }, '/costs/tiny', /small, large/],
    [
      'a table at an unknown fidelity',
      { tables: [...tables(8, 6), { fidelity: 'tiny', runs: makeRuns(3) }] },
      '/tables/2/fidelity',
      /tiny/,
    ],
    [
      'two tables of one fidelity',
      { tables: [...tables(8, 6), { fidelity: 'small', runs: makeRuns(3) }] },
      '/tables/2/fidelity',
      /one table/,
    ],
    [
      'a target that is not said where fidelities are equally close',
      { problem: { ...TWO_SIZES, fidelities: TWO_SIZES.fidelities.map(atOrder(3)) } },
      '/target',
      /small, large have the same `order`/,
    ],
    [
      'costs of the request that a method cannot choose by',
      { methods: [{ method: 'admire', params: { form: 'mfbo' } }], costs: { small: 1 } },
      '/costs/small',
      /no less than/,
    ],
    [
      'costs of the problem that a method cannot choose by',
      {
        problem: { ...TWO_SIZES, fidelities: TWO_SIZES.fidelities.map(atCost(2)) },
        methods: [{ method: 'admire', params: { form: 'mfbo' } }],
      },
      '/problem/fidelities/0/cost',
      /no less than/,
    ],
    [
      'what a method lacks in the problem',
      { methods: [{ method: 'baselines', params: { baseline: 'unimax' } }] },
      '/problem/targetTokens',
      /UniMax/,
    ],
    [
      'a label with white space at its end',
      { methods: [{ method: 'random', label: 'mine ' }] },
      '/methods/0/label',
      /no white space at its ends/,
    ],
    [
      'a fidelity of a method that is named twice',
      { methods: [{ method: 'random', fidelities: ['small', 'small'] }] },
      '/methods/0/fidelities/1',
      /named twice/,
    ],
    ['a budget that pays for nothing', { budget: 0.05 }, '/budget', /0.1/],
    ['budgets that pay for nothing', { budgets: [0.05, 0.01] }, '/budgets', /0.1/],
    ['a budget below 0', { budgets: [1, -2] }, '/budgets/1', /greater than 0/],
    ['too many budgets', { budgets: Array(51).fill(1) }, '/budgets', /at most 50/],
    ['a budget beyond the budget', { budget: 3, budgets: [1, 4] }, '/budgets/1', /more than/],
    ['no seeds', { seeds: 0 }, '/seeds', /at least 1/],
    ['too many seeds', { seeds: 201 }, '/seeds', /at most 200/],
    ['one run only', { tables: tables(8, 1) }, '/target', /at least 2/],
    [
      'a target where nothing was scored',
      { tables: [tables(8, 6)[0], { fidelity: 'large', runs: halfMeasured(makeRuns(6)) }] },
      '/target',
      /there are 0/,
    ],
    [
      'a fidelity where nothing was scored',
      { tables: [{ fidelity: 'small', runs: halfMeasured(makeRuns(6)) }, tables(8, 6)[1]] },
      '/tables/0',
      /every metric/,
    ],
    ['costs that nobody gave', { problem: WITHOUT_COSTS }, '/costs/small', /not given/],
    ['a study besides', { study: ID }, '/study', /either/],
    ['no tables', { tables: undefined }, '/tables', /either/],
    ['no problem', { problem: undefined }, '/problem', /either/],
  ])('with %s', async (_, change, pointer, said) => {
    const { status, body } = await inline(change)
    expect({ status, code: body.code }).toMatchObject({ status: 422 })
    const found = body.errors.find((error: { pointer: string }) => error.pointer === pointer)
    expect(found?.detail, JSON.stringify(body.errors)).toMatch(said)
  })

  test('with rows that cannot be used, naming each', async () => {
    const runs = makeRuns(5)
    runs[3].weights.web += 1
    const { body } = await inline({ tables: [tables(8, 6)[0], { fidelity: 'large', runs }] })
    expect(body.code).toBe('rows-invalid')
    expect(body.errors[0].pointer).toMatch(/^\/tables\/1\/runs\/3/)
    expect(body.fix).not.toMatch(/import|dryRun/)
  })

  const many = (count: number) => Array.from({ length: count }, (_, i) => `unknown ${i}`)
  const mapOf = (count: number) => Object.fromEntries(many(count).map((name) => [name, 1]))
  const LONG = 'x'.repeat(100_000)
  test.each([
    ['costs of many thousand unknown fidelities', { costs: mapOf(50_000) }],
    ['costs of as many unknown fidelities as there can be', { costs: mapOf(50) }],
    [
      'many thousand unknown parameters',
      { methods: [{ method: 'regmix', params: mapOf(50_000) }] },
    ],
    [
      'unknown fidelities in all methods',
      {
        methods: many(20).map((label) => ({ label, method: 'random', fidelities: many(50) })),
      },
    ],
    ['a cost with an endless name', { costs: { [LONG]: 1 } }],
    [
      'a parameter with an endless name',
      { methods: [{ method: 'regmix', params: { [LONG]: 1 } }] },
    ],
    ['a target with an endless name', { target: LONG }],
    ['a method with an endless name', { methods: [{ method: LONG }] }],
    ['a fidelity with an endless name', { methods: [{ method: 'random', fidelities: [LONG] }] }],
    ['scores to shuffle with an endless name', { shuffle: [LONG] }],
  ])('with %s, in a short answer', async (_, change) => {
    const { status, body } = await inline(change)
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'validation-failed' })
    expect(JSON.stringify(body).length).toBeLessThan(20_000)
  })

  test('with a fidelity that names of 200 characters are listed for, in a short answer', async () => {
    const names = many(50).map((name) => name.padEnd(200, '.'))
    const fidelities = names.map((name) => ({ name, evaluator: 'table' }))
    const problem = { ...PROBLEM, fidelities }
    const tables = names.map((fidelity) => ({ fidelity, runs: makeRuns(2, fidelity) }))
    const { body } = await inline({ problem, tables, costs: mapOf(50), shuffle: many(50) })
    expect(body.errors).toHaveLength(50)
    expect(JSON.stringify(body).length).toBeLessThan(100_000)
  })

  test('with numbers that are none', async () => {
    const payload = JSON.stringify({ problem: TWO_SIZES, tables: tables(8, 6), ...CHEAP })
    const body = payload.replace(/"val_loss":[\d.]+/, '"val_loss":NaN')
    const headers = { 'content-type': 'application/json' }
    const answer = await client.call({
      method: 'POST',
      url: '/v1/backtests',
      payload: body,
      headers,
    })
    expect(answer).toMatchObject({ status: 400, body: { code: 'malformed-request' } })
  })

  test('with nothing to replay', async () => {
    expect((await request({})).body.errors[0].pointer).toBe('/study')
    const study = await studyWith(PROBLEM, {})
    const { status, body } = await request({ study })
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'validation-failed' })
    expect(body.errors).toEqual([
      { pointer: '/study', detail: expect.stringContaining('no training runs') },
    ])
    const missing = await request({ study: ID })
    expect(missing).toMatchObject({ status: 404, body: { code: 'study-not-found' } })
  })

  test('of a study whose fidelities cost the same because nobody said otherwise', async () => {
    const runs = { small: makeRuns(6, 'small'), large: makeRuns(6, 'large') }
    const study = await studyWith(WITHOUT_COSTS, runs)
    const { status, body } = await request({ study, ...CHEAP })
    expect(status).toBe(422)
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/costs/small',
      '/costs/large',
    ])
    const equal = await request({ study, ...CHEAP, costs: { small: 1, large: 1 } })
    expect(equal.status).toBe(202)
  })

  test('of a study that a method cannot work on, with pointers into the request', async () => {
    const runs = { small: makeRuns(6, 'small'), large: makeRuns(6, 'large') }
    const study = await studyWith(TWO_SIZES, runs)
    const pointersFor = async (change: object) => {
      const { body } = await request({ study, ...CHEAP, ...change })
      return body.errors.map(({ pointer }: { pointer: string }) => pointer)
    }
    const mfbo = { methods: [{ method: 'admire', params: { form: 'mfbo' } }] }
    expect(await pointersFor({ ...mfbo, costs: { large: 0.05 } })).toEqual(['/costs/small'])
    const unimax = { methods: [{ method: 'baselines', params: { baseline: 'unimax' } }] }
    expect(new Set(await pointersFor(unimax))).toEqual(new Set(['/study']))
  })

  test('with more runs than are replayed', async () => {
    const study = await studyWith(PROBLEM, { default: makeRuns(6001) })
    for (const body of [
      { study, ...CHEAP },
      { problem: PROBLEM, tables: [{ runs: makeRuns(2001) }], ...CHEAP },
    ]) {
      const answer = await request(body)
      expect(answer).toMatchObject({ status: 422, body: { code: 'backtest-too-large' } })
      expect(answer.body.detail).toMatch(/`tables`|leave out 1,/)
    }
  })

  test('with more to replay than there is time for', async () => {
    const { status, body } = await inline({
      tables: tables(100, 50),
      seeds: 200,
      budget: 100,
      maxRuns: 5000,
    })
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'backtest-too-large' })
    expect(body.detail).toMatch(/^1 method with 200 seeds can replay up to 150 runs each, 30000/)
    // 12,000 are taken: 80 · 150, or 200 · 60; of the budget 6 pay for 60 small runs.
    expect(body.detail).toContain(
      'Lower `seeds` to 80, or lower `maxRuns` to 60, or lower `budget`',
    )
  })

  test('and nothing is stored then', async () => {
    const before = (await client.get('/v1/backtests?limit=1')).body
    await inline({ target: 'tiny' })
    await inline({ tables: tables(8, 1) })
    expect((await client.get('/v1/backtests?limit=1')).body).toEqual(before)
  })
})
