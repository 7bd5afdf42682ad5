import { describe, expect, test } from 'vitest'
import { DOMAINS, makeRuns, PROBLEM, TestClient } from './client.js'

const client = new TestClient()

describe('from runs to a recommendation', () => {
  let study: string

  test('a study is created with its defaults written out', async () => {
    const payload = { name: 'three sources', labels: { team: 'data' }, problem: PROBLEM, seed: 7 }
    const { status, headers, body } = await client.post('/v1/studies', payload)
    expect(status).toBe(201)
    expect(headers.location).toBe(`/v1/studies/${body.id}`)
    expect(body).toMatchObject({
      name: 'three sources',
      labels: { team: 'data' },
      seed: 7,
      owner: null,
    })
    expect(body.problem.metrics[0]).toEqual({ name: 'val_loss', direction: 'minimize' })
    expect(body.problem.fidelities).toHaveLength(1)
    study = String(headers.location)
    expect((await client.get(study)).body).toEqual(body)
  })

  test('before any fit there is no recommendation, and no prediction', async () => {
    for (const answer of [
      await client.get(`${study}/recommendation`),
      await client.post(`${study}/predictions`, { mixtures: [{ web: 1, code: 0, wiki: 0 }] }),
    ]) {
      expect(answer.status).toBe(409)
      expect(answer.body.code).toBe('no-recommendation')
    }
  })

  test('a dry run shows what would be imported, and imports nothing', async () => {
    const runs = makeRuns(6)
    const { status, body } = await client.post(`${study}/imports`, { dryRun: true, runs })
    expect(status).toBe(200)
    expect(body).toMatchObject({ dryRun: true, importable: true, rowCount: 6, problems: [] })
    expect(body.preview[0]).toEqual(runs[0])
    expect((await client.get(`${study}/imports`)).body.items).toEqual([])
  })

  test('a dry run shows what is wrong row by row, and is no error', async () => {
    const runs = makeRuns(3)
    runs[1].weights.web = -0.1
    const { status, body } = await client.post(`${study}/imports`, { dryRun: true, runs })
    expect(status).toBe(200)
    expect(body.importable).toBe(false)
    expect(body.problems[0].pointer).toMatch(/^\/runs\/1\b/)
  })

  test('runs are imported as JSON', async () => {
    const { status, body } = await client.post(`${study}/imports`, { runs: makeRuns(30) })
    expect(status).toBe(201)
    expect(body).toMatchObject({ role: 'train', name: '', format: 'json', rowCount: 30 })
    const more = { role: 'holdout', name: 'later', runs: makeRuns(12, 'later') }
    expect((await client.post(`${study}/imports`, more)).body).toMatchObject({
      role: 'holdout',
      name: 'later',
    })
    expect((await client.get(`${study}/imports`)).body.items).toHaveLength(2)
  })

  test('a fit is answered with a job, which succeeds', async () => {
    const { headers, body } = await client.newFit(study)
    expect(headers.location).toBe(`/v1/jobs/${body.id}`)
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    const job = await client.endOf(String(headers.location))
    expect(job).toMatchObject({ state: 'succeeded', problem: null })
    const fit = (await client.get(job.result)).body
    expect(fit).toMatchObject({ id: body.subjectId, jobId: body.id, seed: 7 })
    const recommended = await client.get(`${study}/recommendation`)
    expect(recommended.body).toEqual(fit.recommendation)
    expect(recommended.headers.link).toBe(`<${job.result}>; rel="via"`)
  })

  test('the recommendation is a mixture, with evidence from the hold-out', async () => {
    const { weights, evidence, provenance } = (await client.get(`${study}/recommendation`)).body
    const sum = Object.values<number>(weights).reduce((total, weight) => total + weight, 0)
    expect(sum).toBeCloseTo(1, 9)
    expect(Object.keys(weights).sort()).toEqual([...DOMAINS].sort())
    expect(evidence.holdouts.length).toBeGreaterThan(0)
    expect(evidence.holdouts[0].name).toBe('later')
    expect(provenance.seed).toBe(7)
  })

  test('any mixture can be predicted', async () => {
    const mixtures = makeRuns(3, 'asked').map(({ weights }) => weights)
    const { status, body } = await client.post(`${study}/predictions`, { mixtures })
    expect(status).toBe(200)
    expect(body.predictions).toHaveLength(3)
    expect(body.predictions[0].map(({ metric }: { metric: string }) => metric)).toEqual([
      'val_loss',
      'accuracy',
    ])
  })

  test('a job that has ended cannot be cancelled', async () => {
    const { body } = await client.get('/v1/jobs?limit=1')
    const { status, body: problem } = await client.call({
      method: 'POST',
      url: `/v1/jobs/${body.items[0].id}/cancellation`,
    })
    expect(status).toBe(409)
    expect(problem.code).toBe('job-already-ended')
  })

  test('a fit of another study is not found in this one', async () => {
    const { body } = await client.get('/v1/jobs?limit=1')
    const other = await client.newStudy()
    const { status, body: problem } = await client.get(`${other}/fits/${body.items[0].subjectId}`)
    expect(status).toBe(404)
    expect(problem.code).toBe('fit-not-found')
  })

  test('a study is deleted with all it has', async () => {
    const { status } = await client.call({ method: 'DELETE', url: study })
    expect(status).toBe(204)
    for (const url of [study, `${study}/imports`, `${study}/recommendation`]) {
      expect((await client.get(url)).body.code).toBe('study-not-found')
    }
    expect((await client.call({ method: 'DELETE', url: study })).status).toBe(404)
  })
})

describe('a job', () => {
  test('is cancelled, once or twice', async () => {
    const study = await client.newStudy()
    // So many that the fit is still at work when it hears of the cancellation, at its next heartbeat.
    await client.post(`${study}/imports`, { runs: makeRuns(1500) })
    const { headers } = await client.newFit(study)
    for (const _ of [1, 2]) {
      const answer = await client.call({ method: 'POST', url: `${headers.location}/cancellation` })
      expect(answer.status).toBe(202)
      expect(answer.body.cancelRequestedAt).not.toBeNull()
    }
    expect((await client.endOf(String(headers.location))).state).toBe('cancelled')
    const { status, body } = await client.delete(String(headers.location))
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'job-needed' })
    expect(body.detail).toContain('why its fit came to nothing')
  })

  test('that succeeded is deleted, and the fit stays', async () => {
    const study = await client.newStudy()
    await client.post(`${study}/imports`, { runs: makeRuns(12) })
    const { headers } = await client.newFit(study)
    const { result } = await client.endOf(String(headers.location))
    const fit = (await client.get(result)).body
    expect((await client.delete(String(headers.location))).status).toBe(204)
    expect((await client.get(String(headers.location))).status).toBe(404)
    expect((await client.get(result)).body).toEqual(fit)
    expect((await client.get(`${study}/recommendation`)).body).toEqual(fit.recommendation)
  })

  test('that nobody has made is not found', async () => {
    const url = '/v1/jobs/0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'
    expect((await client.get(url)).body.code).toBe('job-not-found')
    const cancelled = await client.call({ method: 'POST', url: `${url}/cancellation` })
    expect(cancelled.body.code).toBe('job-not-found')
    for (const address of [url, '/v1/jobs/newest']) {
      const { status, body } = await client.delete(address)
      expect({ status, code: body.code }).toEqual({ status: 404, code: 'job-not-found' })
    }
  })
})

describe('runs in, weights out, in one request', () => {
  const inline = (changes: object = {}) =>
    client.post('/v1/recommendations', {
      problem: PROBLEM,
      runs: makeRuns(25),
      surrogate: 'log-linear',
      ...changes,
    })

  test('gives what the same study gives', async () => {
    const { status, body } = await inline({ seed: 3 })
    expect(status).toBe(200)
    const study = await client.newStudy({ seed: 3 })
    await client.post(`${study}/imports`, { runs: makeRuns(25) })
    const { headers } = await client.newFit(study, { surrogate: 'log-linear' })
    await client.endOf(String(headers.location))
    const { provenance, ...rest } = (await client.get(`${study}/recommendation`)).body
    const { provenance: ours, ...mine } = body
    expect(mine).toEqual(rest)
    expect(ours.problemHash).toBe(provenance.problemHash)
  })

  test('refuses too few runs', async () => {
    const { status, body } = await inline({ runs: makeRuns(3) })
    expect(status).toBe(422)
    expect(body.code).toBe('too-few-runs')
  })

  test('takes runs at several fidelities for a method that learns from them', async () => {
    const fidelities = ['small', 'large'].map((name) => ({ name, evaluator: 'table' }))
    const runs = makeRuns(25).map((run, i) => ({ ...run, fidelity: i < 20 ? 'small' : 'large' }))
    const problem = { ...PROBLEM, fidelities }
    const { status, body } = await inline({ problem, runs, method: 'hyperband', surrogate: 'auto' })
    expect(status).toBe(200)
    expect(body.evidence).toMatchObject({ fidelity: 'large', runs: 5 })
    const asked = { problem, runs, method: 'hyperband', fidelity: 'small' }
    const small = await inline(asked)
    expect(small.body.evidence).toMatchObject({ fidelity: 'small', runs: 20 })
    const only = runs.map(({ fidelity: _, ...run }) => run)
    const plain = await inline({ problem, runs: only, method: 'hyperband' })
    expect(plain.body.evidence).toMatchObject({ fidelity: 'large', runs: 25 })
  })

  test('refuses runs at fidelities that cannot be learned from, and wrong ones by their places', async () => {
    const fidelities = ['small', 'large'].map((name) => ({ name, evaluator: 'table' }))
    const problem = { ...PROBLEM, fidelities }
    const places = ['small', 'large', 'small', 'tiny', 'large', 'large']
    const runs = makeRuns(6).map((run, i) => ({ ...run, fidelity: places[i] }))
    const unknown = await inline({ problem, runs, method: 'hyperband', fidelity: 'large' })
    expect(unknown.body).toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer: '/runs/3/fidelity' }],
    })
    const known = runs.map((run) => ({ ...run, fidelity: run.fidelity.replace('tiny', 'large') }))
    const single = await inline({ problem, runs: known, fidelity: 'large' })
    expect(single.body.errors).toMatchObject([
      {
        pointer: '/runs/0/fidelity',
        detail: 'mixing-laws learns from one fidelity, here "large".',
      },
      { pointer: '/runs/2/fidelity' },
    ])
    const twice = known.map((run, i) => (i === 2 ? { ...run, id: known[0].id } : run))
    const wrong = await inline({ problem, runs: twice, method: 'hyperband', surrogate: 'auto' })
    expect(wrong.body.code).toBe('rows-invalid')
    expect(wrong.body.errors).toMatchObject([
      { pointer: '/runs/2/id', detail: expect.stringContaining('in /runs/0 and here') },
    ])
  })

  test('refuses more work than fits in a request', async () => {
    const { status, body } = await inline({ runs: makeRuns(3000) })
    expect(status).toBe(422)
    expect(body.code).toBe('too-costly')
  })

  test('refuses rows that are wrong', async () => {
    const runs = makeRuns(6)
    runs[2].weights = { web: 0.5, code: 0.4, wiki: 0 }
    const { status, body } = await inline({ runs })
    expect(status).toBe(422)
    expect(body.code).toBe('rows-invalid')
    expect(body.errors[0].pointer).toMatch(/^\/runs\/2\b/)
    expect(body.fix).not.toMatch(/import|dryRun/)
  })

  test('refuses numbers as text, and fields it does not know', async () => {
    const runs: object[] = makeRuns(6)
    runs[0] = { ...runs[0], weights: { web: '0.5', code: 0.5, wiki: 0 }, colour: 'red' }
    const { status, body } = await inline({ runs })
    expect(status).toBe(422)
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
      '/runs/0/colour',
      '/runs/0/weights/web',
    ])
  })
})

describe('a study that cannot be', () => {
  const cases: [name: string, changes: object, code: string, pointer: RegExp][] = [
    [
      'constraints that conflict',
      { problem: { ...PROBLEM, domains: DOMAINS.map((name) => ({ name, minWeight: 0.5 })) } },
      'infeasible-space',
      /^\/problem/,
    ],
    [
      'an objective with an unknown metric',
      { problem: { ...PROBLEM, objective: { type: 'mean', weights: { loss: 1 } } } },
      'validation-failed',
      /^\/problem\/objective\/weights\/loss$/,
    ],
    ['an unknown method', { method: 'guess' }, 'validation-failed', /^\/method$/],
    ['an unknown parameter', { params: { nothing: 1 } }, 'validation-failed', /^\/params/],
    [
      'two domains of one name',
      { problem: { ...PROBLEM, domains: [{ name: 'a' }, { name: 'a' }] } },
      'validation-failed',
      /^\/problem\/domains/,
    ],
  ]
  test.each(cases)('is refused: %s', async (_name, changes, code, pointer) => {
    const { status, body } = await client.post('/v1/studies', {
      name: 'x',
      problem: PROBLEM,
      ...changes,
    })
    expect(status).toBe(422)
    expect(body.code).toBe(code)
    expect(body.errors[0].pointer).toMatch(pointer)
  })
})

describe('predictions', () => {
  test.each([
    ['a sum of 0.9', { web: 0.5, code: 0.2, wiki: 0.2 }],
    ['an unknown domain', { web: 0.5, code: 0.3, wiki: 0.1, books: 0.1 }],
    ['a negative weight', { web: 1.2, code: -0.2, wiki: 0 }],
    ['a weight as text', { web: '1', code: 0, wiki: 0 }],
  ])('are refused for %s', async (_name, mixture) => {
    const study = await client.newStudy()
    const { status, body } = await client.post(`${study}/predictions`, { mixtures: [mixture] })
    expect(status).toBe(422)
    expect(body.code).toBe('validation-failed')
    expect(body.errors[0].pointer).toMatch(/^\/mixtures\/0/)
  })

  test('are refused for more mixtures than are predicted at once', async () => {
    const study = await client.newStudy()
    const mixtures = new Array(1001).fill({ web: 1, code: 0, wiki: 0 })
    expect((await client.post(`${study}/predictions`, { mixtures })).body.errors[0].pointer).toBe(
      '/mixtures',
    )
  })
})

describe('lists', () => {
  test('of studies go from page to page, newest first, each item once', async () => {
    const made: string[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      made.unshift(await client.newStudy({ name, labels: { list: 'paged: x' } }))
    }
    const seen: string[] = []
    let cursor = ''
    for (let page = 0; page < 3; page++) {
      const { body } = await client.get(`/v1/studies?label=list:paged:%20x&limit=2${cursor}`)
      seen.push(...body.items.map(({ id }: { id: string }) => `/v1/studies/${id}`))
      expect(body.pagination.hasMore).toBe(page < 2)
      cursor = `&cursor=${body.pagination.cursor}`
    }
    expect(seen).toEqual(made)
  })

  test('refuse the cursor of another filter', async () => {
    const { body } = await client.get('/v1/studies?limit=1')
    const other = await client.get(`/v1/studies?limit=1&label=a:b&cursor=${body.pagination.cursor}`)
    expect(other.status).toBe(400)
    expect(other.body.code).toBe('malformed-cursor')
  })

  test('of jobs can be narrowed to a study', async () => {
    const study = await client.newStudy()
    expect((await client.get(`/v1/jobs?studyId=${study.split('/').at(-1)}`)).body.items).toEqual([])
  })
})

describe('methods', () => {
  test('are listed with parameters, defaults and source', async () => {
    const { items } = (await client.get('/v1/methods')).body
    expect(items.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['regmix', 'mixing-laws', 'baselines']),
    )
    for (const method of items) {
      expect((await client.get(`/v1/methods/${method.name}`)).body).toEqual(method)
      expect(Object.keys(method.defaults)).toEqual(Object.keys(method.paramsSchema.properties))
    }
  })

  test('that do not exist are not found', async () => {
    const { status, body } = await client.get('/v1/methods/guess')
    expect(status).toBe(404)
    expect(body.code).toBe('method-not-found')
  })
})

describe('readiness', () => {
  test('says what the embedded store does not promise', async () => {
    const { status, body } = await client.get('/readyz')
    expect(status).toBe(200)
    expect(body.checks.store).toMatchObject({
      ok: true,
      detail: expect.stringContaining('power cut'),
    })
  })
})
