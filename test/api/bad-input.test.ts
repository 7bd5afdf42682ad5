import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { buildApp } from '../../src/api/index.js'
import type { Services } from '../../src/studies/index.js'
import { deferred } from '../workers/queue-conformance.js'
import { makeRuns, PROBLEM, TestClient } from './client.js'

const client = new TestClient()
const hurried = new TestClient({ limits: { inlineSeconds: 0.05 } })

const entries = (count: number, prefix: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, 1]))

describe('a problem with very many unknown names', () => {
  // Explained one by one, each with the list of known names, these would fill gigabytes.
  const metrics = Array.from({ length: 500 }, (_, i) => ({ name: `${'m'.repeat(190)}${i}` }))

  test('is refused for their number', async () => {
    const objective = { type: 'mean', weights: entries(20_000, 'u') }
    const { status, body } = await client.post('/v1/studies', {
      name: 'x',
      problem: { ...PROBLEM, metrics, objective, prior: entries(4, 'p') },
    })
    expect(status).toBe(422)
    expect(body.errors).toEqual([
      { pointer: '/problem/prior', detail: 'It has 4 entries, and the problem 3 domains.' },
      {
        pointer: '/problem/objective/weights',
        detail: 'It has 20000 entries, and the problem 500 metrics.',
      },
    ])
  })

  test('gets an answer of bounded size', async () => {
    const objective = { type: 'mean', weights: entries(500, 'u') }
    const { status, body } = await client.post('/v1/studies', {
      name: 'x',
      problem: { ...PROBLEM, metrics, objective },
    })
    expect(status).toBe(422)
    expect(body.errors).toHaveLength(100)
    expect(JSON.stringify(body).length).toBeLessThan(200_000)
  })

  test('in a mixture to predict, too', async () => {
    const study = await client.newStudy()
    const mixtures = [entries(50_000, 'z')]
    const { status, body } = await client.post(`${study}/predictions`, { mixtures })
    expect(status).toBe(422)
    expect(body.errors.length).toBeLessThanOrEqual(100)
  })
})

describe('wrong parameters of a method', () => {
  test.each([
    [{ foo: 1 }, '/params/foo', /^The field is not known; the fields are kl, /],
    [{ kl: '0.5' }, '/params/kl', /^Must be a number; got the text "0.5". Send 0.5 without/],
    [{ kl: -1 }, '/params/kl', /^Must be at least 0; got -1\.$/],
    [
      { surrogates: { 'log-linear': { starts: 0 } } },
      '/params/surrogates/log-linear/starts',
      /^Must be at least 1; got 0\.$/,
    ],
  ])('are named once, with what would be right: %j', async (params, pointer, says) => {
    const { body } = await client.post('/v1/studies', { name: 'x', problem: PROBLEM, params })
    expect(body.errors).toHaveLength(1)
    expect(body.errors[0].pointer).toBe(pointer)
    expect(body.errors[0].detail).toMatch(says)
  })
})

test('the name of a hold-out that cannot be stored is refused in JSON and in a form', async () => {
  const study = await client.newStudy()
  const runs = makeRuns(2)
  const asJson = await client.post(`${study}/imports`, { role: 'holdout', name: 'a\0b', runs })
  const form = new FormData()
  form.append('role', 'holdout')
  form.append('name', 'a\0b')
  form.append('mixtures', new Blob(['run,web,code,wiki\na,1,0,0\n']), 'm.csv')
  form.append('metrics', new Blob(['run,val_loss,accuracy\na,1,1\n']), 'l.csv')
  const request = new Request('http://localhost', { method: 'POST', body: form })
  const asForm = await client.call({
    method: 'POST',
    url: `${study}/imports`,
    headers: { 'content-type': String(request.headers.get('content-type')) },
    payload: Buffer.from(await request.arrayBuffer()),
  })
  for (const { status, body } of [asJson, asForm]) {
    expect(status).toBe(422)
    expect(body.errors[0]).toEqual({
      pointer: '/name',
      detail: expect.stringContaining('NUL'),
    })
  }
  expect((await client.get(`${study}/imports`)).body.items).toEqual([])
})

test('names that every object inherits are names like others, from the study to its predictions', async () => {
  const names = ['__proto__', 'constructor', 'toString']
  const renamed = ({ web, code, wiki }: Record<string, number>) =>
    Object.fromEntries([web, code, wiki].map((weight, i) => [names[i], weight]))
  const study = await client.newStudy({
    problem: {
      domains: names.map((name) => ({ name })),
      metrics: [{ name: 'valueOf' }, { name: '__proto__' }],
      prior: renamed({ web: 1, code: 2, wiki: 1 }),
      objective: { type: 'mean', weights: Object.fromEntries([['__proto__', 1]]) },
    },
    labels: Object.fromEntries([['__proto__', 'x']]),
  })
  expect(Object.keys((await client.get(study)).body.problem.prior)).toEqual(names)
  const runs = makeRuns(12).map(({ id, weights, metrics }) => ({
    id,
    weights: renamed(weights),
    metrics: Object.fromEntries([
      ['valueOf', metrics.accuracy],
      ['__proto__', metrics.val_loss],
    ]),
  }))
  expect((await client.post(`${study}/imports`, { runs })).status).toBe(201)
  const { headers } = await client.newFit(study)
  expect((await client.endOf(String(headers.location))).state).toBe('succeeded')
  const { weights } = (await client.get(`${study}/recommendation`)).body
  expect(Object.keys(weights)).toEqual(names)
  const predicted = await client.post(`${study}/predictions`, { mixtures: [weights] })
  expect(predicted.body.predictions[0].map(({ metric }: { metric: string }) => metric)).toEqual([
    'valueOf',
    '__proto__',
  ])
})

describe('a recommendation within a request', () => {
  test('that takes longer than it may is stopped, and said to be too costly', async () => {
    const answer = await hurried.post('/v1/recommendations', {
      problem: PROBLEM,
      runs: makeRuns(400),
      method: 'regmix',
      params: { candidates: 2_000_000 },
    })
    expect(answer.status).toBe(422)
    expect(answer.body.code).toBe('too-costly')
    expect(answer.body.detail).toContain('0.05 s')
  })

  test('is stopped when its caller goes away, and nothing is logged about it', async () => {
    const [begun, stopped] = [deferred<void>(), deferred<void>()]
    const recommendations = {
      latest: () => Promise.reject(new Error('this is not part of the test')),
      compute: (_input: unknown, signal?: AbortSignal) => {
        begun.resolve()
        return new Promise<never>((_, reject) => {
          signal?.addEventListener('abort', () => {
            reject(new Error('the thread was ended'))
            stopped.resolve()
          })
        })
      },
    }
    const logged: string[] = []
    const logger = { level: 'warn', stream: { write: (line: string) => void logged.push(line) } }
    const services = { recommendations } as unknown as Services
    const app = await buildApp({ services, version: '0.0.0', logger })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    await once(socket, 'connect')
    const body = JSON.stringify({ problem: PROBLEM, runs: makeRuns(4) })
    socket.write(
      `POST /v1/recommendations HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    await begun.promise
    socket.destroy()
    await stopped.promise
    await app.close()
    expect(logged).toEqual([])
  })
})
