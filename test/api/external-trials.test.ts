import { describe, expect, test } from 'vitest'
import { jsonlTexts } from '../support/texts.js'
import { PROBLEM, TestClient } from './client.js'

const client = new TestClient()
const ID = '0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60'

const FIDELITIES = [{ name: 'cluster', evaluator: 'external', tokens: 6e9 }]
const VALUES = { val_loss: 2.5, accuracy: 0.4 }

const newStudy = (change: object = {}) =>
  client.newStudy({ problem: { ...PROBLEM, fidelities: FIDELITIES }, ...change })

interface Suggested {
  id: string
  lease: { id: string; attempt: number; expiresAt: string; seconds: number }
  [more: string]: unknown
}

async function askOne(study: string, name = 'node-1') {
  const { body } = await client.post(`${study}/suggestions`, { client: name })
  const [trial] = body.trials as Suggested[]
  return {
    url: `${study}/trials/${trial.id}`,
    trial,
    held: { client: name, lease: trial.lease.id },
  }
}

/** A body sent as it is. */
const postText = (url: string, payload: string) =>
  client.call({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } })

describe('asking for trials', () => {
  test('gives mixtures with leases, and the same ones again', async () => {
    const study = await newStudy()
    const first = await client.post(`${study}/suggestions`, { client: 'node-1', count: 3 })
    expect(first.status).toBe(201)
    expect(first.body.exhausted).toBe(false)
    const [uniform] = first.body.trials
    expect(uniform).toMatchObject({
      evaluator: 'external',
      state: 'running',
      label: 'uniform',
      fidelity: 'cluster',
      searchId: null,
      attemptCount: 1,
      measurement: null,
      lease: { attempt: 1, seconds: 3600 },
    })
    expect(uniform.weights.web).toBeCloseTo(1 / 3, 12)
    const again = await client.post(`${study}/suggestions`, { client: 'node-1', count: 3 })
    expect(again.status).toBe(200)
    const ids = ({ body }: typeof first) => body.trials.map(({ id }: Suggested) => id)
    expect(ids(again)).toEqual(ids(first))
    const other = await client.post(`${study}/suggestions`, { client: 'node-2' })
    expect(ids(first)).not.toContain(other.body.trials[0].id)
  })

  test('of a method that looks at results tells which fidelity each is at', async () => {
    const fidelities = [
      { name: 'small', evaluator: 'external', cost: 1 },
      { name: 'large', evaluator: 'external', cost: 10 },
    ]
    const study = await newStudy({ method: 'hyperband', problem: { ...PROBLEM, fidelities } })
    const { body } = await client.post(`${study}/suggestions`, { client: 'node-1', count: 4 })
    const held = body.trials as (Suggested & { fidelity: string; label: string })[]
    expect(held.map(({ fidelity }) => fidelity)).toEqual(Array(4).fill('small'))
    for (const { id, lease, label } of held) {
      const values = { val_loss: label === 'natural' ? 1 : 3, accuracy: 0.4 }
      const report = { client: 'node-1', lease: lease.id, measurement: { tokens: 9, values } }
      await client.post(`${study}/trials/${id}/completion`, report)
    }
    const next = await client.post(`${study}/suggestions`, { client: 'node-1' })
    const [{ fidelity, weights }] = next.body.trials
    expect(fidelity).toBe('large')
    expect(weights).toEqual(held[1].weights)
  })

  test('says when to come back, and when there is nothing left', async () => {
    const study = await newStudy({ trialPolicy: { maxTrials: 1, leaseSeconds: 12 } })
    const { url, held } = await askOne(study)
    const busy = await client.post(`${study}/suggestions`, { client: 'node-2' })
    expect(busy).toMatchObject({ status: 200, body: { trials: [], exhausted: false } })
    expect(busy.headers['retry-after']).toBe('12')
    await client.post(`${url}/completion`, { ...held, measurement: { tokens: 1, values: VALUES } })
    const over = await client.post(`${study}/suggestions`, { client: 'node-2' })
    expect(over).toMatchObject({ status: 200, body: { trials: [], exhausted: true } })
    expect(over.headers['retry-after']).toBeUndefined()
  })

  test.each([
    [{}, '/client'],
    [{ client: '../../x' }, '/client'],
    [{ client: 'a/b' }, '/client'],
    [{ client: '.' }, '/client'],
    [{ client: 'a\nb' }, '/client'],
    [{ client: 'a\u0000' }, '/client'],
    [{ client: '\u202egnp' }, '/client'],
    [{ client: ' a' }, '/client'],
    [{ client: '' }, '/client'],
    [{ client: 'a'.repeat(201) }, '/client'],
    [{ client: 'a', count: 0 }, '/count'],
    [{ client: 'a', count: 101 }, '/count'],
    [{ client: 'a', count: 1e300 }, '/count'],
    [{ client: 'a', count: '1' }, '/count'],
    [{ client: 'a', fidelity: 'clutser' }, '/fidelity'],
    [{ client: 'a', fidelity: '../cluster' }, '/fidelity'],
  ])('%j is refused', async (body, pointer) => {
    const study = await newStudy()
    const { status, body: problem } = await client.post(`${study}/suggestions`, body)
    expect(status).toBe(422)
    expect(problem.errors[0].pointer).toBe(pointer)
    expect((await client.get(`${study}/trials`)).body.items).toEqual([])
  })

  test('is refused for studies that others do not train for, and for none', async () => {
    const tables = await client.newStudy()
    const { status, body } = await client.post(`${tables}/suggestions`, { client: 'a' })
    expect(status).toBe(422)
    expect(body.errors[0].detail).toContain('has no fidelity with the evaluator `external`')
    const nowhere = await client.post(`/v1/studies/${ID}/suggestions`, { client: 'a' })
    expect(nowhere.body.code).toBe('study-not-found')
  })
})

describe('reporting on a trial', () => {
  test('from the first sign of life to the end', async () => {
    const study = await newStudy()
    const { url, trial, held } = await askOne(study)
    const beat = await client.post(`${url}/heartbeat`, held)
    expect(beat).toMatchObject({
      status: 200,
      body: {
        trial: { id: trial.id, state: 'running' },
        directive: 'continue',
        reason: null,
        lease: { id: trial.lease.id, attempt: 1, seconds: 3600 },
      },
    })
    expect(beat.body.lease.expiresAt >= trial.lease.expiresAt).toBe(true)
    const report = {
      ...held,
      tokens: 10,
      values: { val_loss: 3 },
      standardErrors: { val_loss: 0.1 },
    }
    const measured = await client.post(`${url}/measurements`, report)
    expect(measured).toMatchObject({ status: 200, body: { directive: 'continue' } })
    expect((await client.post(`${url}/measurements`, report)).status).toBe(200)
    const measurement = { tokens: 20, values: VALUES, details: { step: 9 } }
    const done = await client.post(`${url}/completion`, { ...held, measurement })
    expect(done).toMatchObject({
      status: 200,
      body: { id: trial.id, state: 'completed', measurement },
    })
    expect((await client.post(`${url}/completion`, { ...held, measurement })).body).toEqual(
      done.body,
    )
    const detail = (await client.get(url)).body
    expect(detail.measurements.map(({ tokens }: { tokens: number }) => tokens)).toEqual([10, 20])
    expect(detail.attempts).toMatchObject([
      { number: 1, state: 'completed', leases: [{ holder: 'node-1' }] },
    ])
  })

  test('of one that has ended is refused, but a heartbeat is told to stop', async () => {
    const { url, held } = await askOne(await newStudy())
    const measurement = { tokens: 20, values: VALUES }
    await client.post(`${url}/completion`, { ...held, measurement })
    const late = await client.post(`${url}/measurements`, { ...held, tokens: 30, values: VALUES })
    expect(late).toMatchObject({ status: 409, body: { code: 'trial-already-ended' } })
    const other = { ...held, measurement: { ...measurement, values: { ...VALUES, val_loss: 1 } } }
    const conflict = await client.post(`${url}/completion`, other)
    expect(conflict).toMatchObject({ status: 409, body: { code: 'trial-already-completed' } })
    expect(conflict.body.detail).toContain('val_loss = 2.5')
    const failure = await client.post(`${url}/failure`, { ...held, detail: 'x' })
    expect(failure.body.code).toBe('trial-already-ended')
    const given = await client.post(`${url}/abandonment`, {})
    expect(given.body.code).toBe('trial-already-ended')
    const beat = await client.post(`${url}/heartbeat`, held)
    expect(beat).toMatchObject({ status: 200, body: { directive: 'stop', lease: null } })
  })

  test('backwards, or by another client’s lease, is refused', async () => {
    const study = await newStudy()
    const { url, held } = await askOne(study)
    await client.post(`${url}/measurements`, { ...held, tokens: 10, values: VALUES })
    const back = await client.post(`${url}/measurements`, { ...held, tokens: 9, values: VALUES })
    expect(back).toMatchObject({
      status: 409,
      body: { code: 'tokens-backwards', errors: [{ pointer: '/tokens' }] },
    })
    const other = await askOne(study, 'node-2')
    for (const wrong of [
      { ...other.held, client: 'node-1' },
      { ...held, client: 'node-2' },
      { ...held, lease: ID },
      other.held,
    ]) {
      const { status, body } = await client.post(`${url}/heartbeat`, wrong)
      expect({ status, code: body.code }).toEqual({ status: 409, code: 'not-your-lease' })
    }
    expect((await client.post(`${url}/heartbeat`, held)).body.directive).toBe('continue')
  })

  test.each([
    ['{"tokens":1,"values":{"val_loss":NaN}}', 400],
    ['{"tokens":1,"values":{"val_loss":"NaN"}}', 422],
    ['{"tokens":1,"values":{"val_loss":1e999}}', 422],
    ['{"tokens":1,"values":{"val_loss":-1e999}}', 422],
    ['{"tokens":1e999,"values":{"val_loss":1}}', 422],
    ['{"tokens":-1,"values":{"val_loss":1}}', 422],
    ['{"tokens":1,"values":{"val_loss":null}}', 422],
    ['{"tokens":1,"values":{}}', 422],
    ['{"tokens":1,"values":{"val_los":1}}', 422],
    ['{"tokens":1,"values":{"__proto__":1}}', 422],
    ['{"tokens":1,"values":{"val_loss":1},"standardErrors":{"val_loss":-1}}', 422],
    ['{"tokens":1,"values":{"val_loss":1},"standardErrors":{"accuracy":1}}', 422],
    ['{"tokens":1,"values":{"val_loss":1},"details":{"a":"\\u0000"}}', 422],
    ['{"tokens":1,"values":{"val_loss":1},"step":3}', 422],
  ])('%s is refused, and nothing is stored', async (text, status) => {
    const { url, held } = await askOne(await newStudy())
    const body = text.replace('{', `{"client":"${held.client}","lease":"${held.lease}",`)
    const answer = await postText(`${url}/measurements`, body)
    expect(answer.status).toBe(status)
    expect((await client.get(url)).body.measurements).toEqual([])
  })

  test('with a metric that the study does not have names the nearest', async () => {
    const { url, held } = await askOne(await newStudy())
    const report = { ...held, tokens: 1, values: { acuracy: 0.5 } }
    const { body } = await client.post(`${url}/measurements`, report)
    expect(body.errors).toEqual([
      {
        pointer: '/values/acuracy',
        detail: 'The study has no metric "acuracy"; did you mean "accuracy"?',
      },
    ])
  })

  test('without all metrics of the objective does not complete it, unless it says so', async () => {
    const { url, held } = await askOne(await newStudy())
    const measurement = { tokens: 1, values: { val_loss: 2 } }
    const { status, body } = await client.post(`${url}/completion`, { ...held, measurement })
    expect(status).toBe(422)
    expect(body.errors[0]).toMatchObject({ pointer: '/measurement/values' })
    const end = { ...held, measurement, outcome: 'without-metrics' }
    const done = await client.post(`${url}/completion`, end)
    expect(done).toMatchObject({ status: 200, body: { state: 'completed-without-metrics' } })
  })

  test('as failed offers it again; as abandoned it is gone', async () => {
    const study = await newStudy({ trialPolicy: { maxTrials: 1 } })
    const { url, trial, held } = await askOne(study)
    const failure = { ...held, detail: 'out of memory', code: 'oom' }
    const failed = await client.post(`${url}/failure`, failure)
    expect(failed).toMatchObject({
      status: 200,
      body: { state: 'failed', problem: { code: 'trial-failed', detail: 'oom: out of memory' } },
    })
    const again = await askOne(study, 'node-2')
    expect(again.trial).toMatchObject({ id: trial.id, lease: { attempt: 2 } })
    const lost = await client.post(`${url}/heartbeat`, held)
    expect(lost).toMatchObject({ status: 409, body: { code: 'lease-lost' } })
    const given = await client.post(`${url}/abandonment`, { reason: 'no room' })
    expect(given).toMatchObject({ status: 200, body: { state: 'abandoned', endReason: 'no room' } })
    const told = await client.post(`${url}/heartbeat`, again.held)
    expect(told.body).toMatchObject({ directive: 'stop', lease: null })
    expect(told.body.reason).toContain('no room')
  })

  test('that is not there is 404, and the ids of paths are ids', async () => {
    const study = await newStudy()
    const { held } = await askOne(study)
    for (const id of [ID, '..%2F..%2Fx', 'x']) {
      const { status, body } = await client.post(`${study}/trials/${id}/heartbeat`, held)
      expect({ status, code: body.code }).toEqual({ status: 404, code: 'trial-not-found' })
    }
  })
})

describe('a late result', () => {
  test('is kept as a replicate when another client had completed the trial', async () => {
    const study = await newStudy({ trialPolicy: { maxTrials: 1 } })
    const first = await askOne(study)
    await client.post(`${first.url}/failure`, { ...first.held, detail: 'it seemed so' })
    const second = await askOne(study, 'node-2')
    const end = (val_loss: number) => ({
      measurement: { tokens: 5, values: { ...VALUES, val_loss } },
    })
    await client.post(`${second.url}/completion`, { ...second.held, ...end(2) })
    const late = await client.post(`${first.url}/completion`, { ...first.held, ...end(3) })
    expect(late).toMatchObject({ status: 201, body: { replicateOf: first.trial.id } })
    expect(late.headers.location).toBe(`${study}/trials/${late.body.id}`)
    expect((await client.get(String(late.headers.location))).body).toMatchObject({
      state: 'completed',
      measurements: [{ values: { val_loss: 3 } }],
    })
    expect((await client.get(first.url)).body.measurement.values.val_loss).toBe(2)
  })
})

describe('attaching a mixture', () => {
  const mixture = { web: 0.5, code: 0.3, wiki: 0.2 }

  test('answers with the trial, its lease and warnings', async () => {
    const domains = [{ name: 'web', tokens: 4e9, maxWeight: 0.4 }, ...PROBLEM.domains.slice(1)]
    const problem = { ...PROBLEM, domains, fidelities: FIDELITIES }
    const study = await client.newStudy({ problem })
    const request = { mixture, label: 'ours', client: 'node-1', lease: true }
    const { status, headers, body } = await client.post(`${study}/trials`, request)
    expect(status).toBe(201)
    expect(headers.location).toBe(`${study}/trials/${body.id}`)
    expect(body).toMatchObject({
      state: 'running',
      label: 'ours',
      weights: mixture,
      lease: { attempt: 1 },
      warnings: [{ code: 'outside-constraints' }],
    })
    const again = await client.post(`${study}/trials`, { mixture })
    expect(again).toMatchObject({ status: 409, body: { code: 'mixture-already-tried' } })
    const replicate = await client.post(`${study}/trials`, { mixture, replicateOf: body.id })
    expect(replicate).toMatchObject({ status: 201, body: { state: 'waiting', lease: null } })
  })

  test.each([
    [{ mixture: { web: 0.5 } }, '/mixture'],
    [{ mixture: { web: 0.5, blog: 0.5 } }, '/mixture/blog'],
    [{ mixture: { web: 2, code: -1 } }, '/mixture/web'],
    [{ mixture, label: 'a\u0007b' }, '/label'],
    [{ mixture, client: '../x' }, '/client'],
    [{ mixture, lease: true }, '/client'],
    [{ mixture, result: { tokens: 1, values: { val_loss: 1 } } }, '/result/values'],
    [{ mixture, fidelity: 'table' }, '/fidelity'],
  ])('%j is refused', async (body, pointer) => {
    const study = await newStudy()
    const { status, body: problem } = await client.post(`${study}/trials`, body)
    expect(status).toBe(422)
    expect(problem.errors[0].pointer).toBe(pointer)
    expect((await client.get(`${study}/trials`)).body.items).toEqual([])
  })
})

test('both kinds of evaluator are fidelities of one study, and a fit learns from those at its own', async () => {
  const corpus = await client.newCorpus({
    web: jsonlTexts('the web is wide and full of words', 60),
    code: jsonlTexts('let const function return if else', 60),
  })
  const model = { width: 8, layers: 1, heads: 1, context: 16 }
  const proxy = { model, tokens: 512, batchSize: 8, validationSequences: 8, measurements: 2 }
  const fidelities = [
    { name: 'smallest', evaluator: 'proxy', proxy, cost: 1 },
    { name: 'cluster', evaluator: 'external', cost: 100 },
  ]
  const study = await client.newStudy({ problem: { corpus, fidelities } })
  const search = await client.post(`${study}/searches`, { trials: 4 })
  expect(search.status).toBe(202)

  const { body } = await client.post(`${study}/suggestions`, { client: 'node-1', count: 4 })
  const own = { mixture: { web: 0.9, code: 0.1 } }
  const values = ({ web, code }: Record<string, number>) => ({
    'loss/web': 3 - web,
    'loss/code': 3 - 2 * code,
  })
  for (const { id, lease, weights } of body.trials) {
    const measurement = { tokens: 1e9, values: values(weights) }
    const end = { client: 'node-1', lease: lease.id, measurement }
    expect((await client.post(`${study}/trials/${id}/completion`, end)).status).toBe(200)
  }
  const result = { tokens: 1e9, values: values(own.mixture) }
  expect((await client.post(`${study}/trials`, { ...own, result })).status).toBe(201)

  const external = (await client.get(`${study}/trials?evaluator=external`)).body.items
  expect(external).toHaveLength(5)
  const proxies = (await client.get(`${study}/trials?evaluator=proxy`)).body.items
  expect(proxies).toHaveLength(4)
  expect((await client.get(`${study}/trials`)).body.items).toHaveLength(9)

  const { headers } = await client.newFit(study, { fidelity: 'cluster' })
  expect(await client.endOf(String(headers.location))).toMatchObject({ state: 'succeeded' })
  const { evidence, weights } = (await client.get(`${study}/recommendation`)).body
  expect(evidence).toMatchObject({ runs: 5, fidelity: 'cluster' })
  // Code teaches twice as much as web does.
  expect(weights.code).toBeGreaterThan(weights.web)
})
