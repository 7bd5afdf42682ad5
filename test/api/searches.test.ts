import { existsSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { jsonlTexts } from '../support/texts.js'
import { TestClient } from './client.js'

const ID = '0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60'
const client = new TestClient()

/** So small that a proxy is trained in a fraction of a second. */
const MODEL = { width: 8, layers: 1, heads: 1, context: 16 }

function problem(corpus: string, tokens = 512, batchSize = 8) {
  const proxy = { model: MODEL, tokens, batchSize, validationSequences: 8, measurements: 2 }
  return { corpus, fidelities: [{ name: 'smallest', evaluator: 'proxy', proxy }] }
}

let corpus: string
beforeAll(async () => {
  corpus = await client.newCorpus({
    web: jsonlTexts('the web is wide and full of words', 60),
    code: jsonlTexts('let const function return if else', 60),
  })
})

/** What a trial that was stopped leaves, or would go on from. */
function writeCheckpoint(trial: string): string {
  const file = path.join(client.service.dataFolder, 'trials', `${trial}.checkpoint`)
  writeFileSync(file, 'a checkpoint')
  return file
}

/** The events of a study until one of the kind, as a client reads them over a socket. */
async function eventsUntil(study: string, type: string) {
  const { app } = client.service
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}${study}/events`)
  const seen: { type: string; data: Record<string, unknown> }[] = []
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const frames = text.split('\n\n')
    text = frames.pop()!
    for (const frame of frames) {
      const event = /^event: (.*)$/m.exec(frame)
      if (!event) continue
      seen.push({ type: event[1], data: JSON.parse(/^data: (.*)$/m.exec(frame)![1]) })
      if (event[1] === type) return seen
    }
  }
  throw new Error(`the stream ended before ${type}`)
}

describe('a study on a corpus', () => {
  test('takes domains, tokens and metrics from it', async () => {
    const { body } = await client.post('/v1/studies', { name: 's', problem: problem(corpus) })
    expect(body).toMatchObject({ corpusId: corpus, problem: { corpus: { id: corpus } } })
    expect(body.ingestionId).toBe(body.problem.corpus.ingestion)
    expect(body.problem.domains.map(({ name }: { name: string }) => name)).toEqual(['web', 'code'])
    expect(body.problem.metrics.map(({ name }: { name: string }) => name)).toEqual([
      'loss/web',
      'loss/code',
    ])
  })

  test('keeps the corpus from being deleted', async () => {
    await client.newStudy({ problem: problem(corpus) })
    const { status, body } = await client.delete(`/v1/corpora/${corpus}`)
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'corpus-in-use' })
  })

  test('that is not ingested, or not there, is refused', async () => {
    const made = await client.post('/v1/corpora', { name: 'empty', domains: [{ name: 'web' }] })
    for (const [id, status, code] of [
      [made.body.id, 409, 'corpus-not-ready'],
      [ID, 404, 'corpus-not-found'],
    ]) {
      const { status: got, body } = await client.post('/v1/studies', {
        name: 's',
        problem: problem(id),
      })
      expect({ got, code: body.code }).toEqual({ got: status, code })
    }
  })

  test('without a corpus has to name its domains and metrics', async () => {
    const { status, body } = await client.post('/v1/studies', { name: 's', problem: {} })
    expect(status).toBe(422)
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/problem/domains',
      '/problem/metrics',
    ])
  })
})

describe('a search by a method that looks at results', () => {
  const fidelities = () => {
    const [{ proxy, evaluator }] = problem(corpus).fidelities
    const larger = { ...proxy, tokens: 1024 }
    return [
      { name: 'small', evaluator, proxy, cost: 1 },
      { name: 'large', evaluator, proxy: larger, cost: 3 },
    ]
  }

  test('chooses trials at both fidelities within its budget, and ends with a recommendation', async () => {
    const asked = { corpus, fidelities: fidelities() }
    const study = await client.newStudy({ method: 'hyperband', problem: asked })
    const terms = { budget: 12, parallel: 2 }
    const { status, body } = await client.post(`${study}/searches`, terms)
    expect(status).toBe(202)
    expect(body).toMatchObject({
      ...terms,
      fidelity: 'large',
      fidelities: ['small', 'large'],
      trials: 12,
      counts: { waiting: 2 },
    })
    const events = await eventsUntil(study, 'search-finished')
    expect(events[0]).toMatchObject({ type: 'search-started', data: { trials: 12 } })
    const trials = (await client.get(`${study}/trials`)).body.items as { fidelity: string }[]
    const spent = trials.map(({ fidelity }) => (fidelity === 'small' ? 1 : 3))
    const cost = spent.reduce((sum: number, one) => sum + one, 0)
    expect(cost).toBe(12)
    expect(spent).toContain(3)
    const { fitId, counts } = (await client.get(`${study}/searches/${body.id}`)).body
    expect(counts.completed).toBe(trials.length)
    const fit = (await client.get(`${study}/fits/${fitId}`)).body
    expect(fit.trialIds).toHaveLength(trials.length)
    expect(fit.recommendation.evidence.fidelity).toBe('large')
  })

  test('of ADMIRE trains proxies of both sizes, and explains what it found', async () => {
    const asked = { corpus, fidelities: fidelities() }
    const params = { candidates: 100, fantasies: 2 }
    const study = await client.newStudy({ method: 'admire', params, problem: asked })
    const { body } = await client.post(`${study}/searches`, { budget: 20, parallel: 2 })
    await eventsUntil(study, 'search-finished')
    const trials = (await client.get(`${study}/trials?limit=100`)).body.items as {
      fidelity: string
      reason: string
    }[]
    const at = (name: string) => trials.filter(({ fidelity }) => fidelity === name).length
    expect(at('small')).toBeGreaterThanOrEqual(5)
    expect(at('large')).toBeGreaterThanOrEqual(1)
    expect(at('small') + 3 * at('large')).toBeLessThanOrEqual(20)
    expect(trials.some(({ reason }) => reason.includes('Gaussian process'))).toBe(true)
    const { fitId } = (await client.get(`${study}/searches/${body.id}`)).body
    const { recommendation } = (await client.get(`${study}/fits/${fitId}`)).body
    const { fidelities: explained, correlations, responses } = recommendation.explanation
    expect(explained).toMatchObject([
      { name: 'small', runs: at('small'), cost: 1, spent: at('small') },
      { name: 'large', runs: at('large'), cost: 3, spent: 3 * at('large') },
    ])
    for (const { used, best, trace } of explained) {
      expect(best === null).toBe(!used)
      const objectives = trace.map(({ objective }: { objective: number }) => objective)
      expect(objectives).toEqual(objectives.toSorted((a: number, b: number) => b - a))
    }
    expect(correlations.length).toBeLessThanOrEqual(1)
    expect(responses.map(({ domain }: { domain: string }) => domain)).toEqual(['web', 'code'])
  })

  test('is refused terms that mean nothing', async () => {
    const asked = { corpus, fidelities: fidelities() }
    const laws = await client.newStudy({ problem: asked })
    for (const [study, terms, pointer] of [
      [laws, { parallel: 2 }, '/parallel'],
      [laws, { budget: 0 }, '/budget'],
      [laws, { budget: 2 }, '/budget'],
    ] as const) {
      const { status, body } = await client.post(`${study}/searches`, terms)
      expect({
        status,
        pointers: body.errors.map((error: { pointer: string }) => error.pointer),
      }).toEqual({ status: 422, pointers: [pointer] })
    }
  })
})

describe('a search', () => {
  let study: string
  let search: string

  test('is started, watched, and ends with a recommendation', async () => {
    study = await client.newStudy({ problem: problem(corpus) })
    const { status, headers, body } = await client.post(`${study}/searches`, { trials: 4 })
    expect(status).toBe(202)
    search = String(headers.location)
    expect(search).toBe(`${study}/searches/${body.id}`)
    expect(body).toMatchObject({ purpose: 'search', trials: 4, state: 'running', fitId: null })
    const events = await eventsUntil(study, 'search-finished')
    const types = events.map(({ type }) => type)
    expect(types.filter((type) => type === 'trial-completed')).toHaveLength(4)
    expect(types[0]).toBe('search-started')
    const ended = (await client.get(search)).body
    expect(ended).toMatchObject({ state: 'finished', counts: { completed: 4, failed: 0 } })
    expect(events.at(-1)!.data).toEqual({ searchId: body.id, fitId: ended.fitId })
    const fit = (await client.get(`${study}/fits/${ended.fitId}`)).body
    expect(fit.trialIds).toHaveLength(4)
    const recommendation = (await client.get(`${study}/recommendation`)).body
    expect(recommendation).toEqual(fit.recommendation)
  })

  test('has trials with what was measured, the baselines among them', async () => {
    const { body } = await client.get(`${study}/trials`)
    expect(body.items).toHaveLength(4)
    expect(body.items.map(({ position }: { position: number }) => position)).toEqual([0, 1, 2, 3])
    const labels = body.items.map(({ label }: { label: string }) => label)
    expect(labels).toContain('uniform')
    const uniform = body.items[labels.indexOf('uniform')]
    expect(uniform).toMatchObject({ weights: { web: 0.5, code: 0.5 }, attemptCount: 1 })
    const detail = (await client.get(`${study}/trials/${uniform.id}`)).body
    expect(detail.attempts).toMatchObject([{ number: 1, state: 'completed' }])
    expect(detail.attempts[0].leases[0].releasedAt).not.toBeNull()
    expect(detail.measurements).toHaveLength(2)
    expect(detail.measurements[1]).toEqual(uniform.measurement)
    const { values, standardErrors } = uniform.measurement
    for (const metric of ['loss/web', 'loss/code']) {
      // Better than guessing among all bytes, and no better than knowing.
      expect(values[metric]).toBeGreaterThan(0)
      expect(values[metric]).toBeLessThan(Math.log(257) + 0.5)
      expect(standardErrors[metric]).toBeGreaterThan(0)
    }
  })

  test('its trials are listed by page, search and state', async () => {
    const first = (await client.get(`${study}/trials?limit=3`)).body
    expect(first.items).toHaveLength(3)
    const { cursor } = first.pagination
    const second = (await client.get(`${study}/trials?limit=3&cursor=${cursor}`)).body
    expect(second).toMatchObject({ pagination: { cursor: null, hasMore: false } })
    expect(second.items).toHaveLength(1)
    const id = search.split('/').at(-1)
    const of = async (query: string) => (await client.get(`${study}/trials?${query}`)).body.items
    expect(await of(`searchId=${id}`)).toHaveLength(4)
    expect(await of('state=failed')).toEqual([])
    expect(await of(`state=completed&searchId=${id}`)).toHaveLength(4)
    const other = await client.get(`${study}/trials?state=failed&cursor=${cursor}`)
    expect(other.body.code).toBe('malformed-cursor')
    const unknown = await client.get(`${study}/trials?state=done`)
    expect(unknown.status).toBe(400)
  })

  test('is listed with its study', async () => {
    const { body } = await client.get(`${study}/searches`)
    expect(body.items).toHaveLength(1)
    expect(body.items[0]).toEqual((await client.get(search)).body)
  })

  test('that has ended cannot be cancelled', async () => {
    const { status, body } = await client.post(`${search}/cancellation`)
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'search-already-ended' })
  })

  test('stays as it is, with its trials, when their jobs are deleted', async () => {
    const read = async () => {
      const { items } = (await client.get(`${study}/trials`)).body
      const details = items.map(({ id }: { id: string }) => client.get(`${study}/trials/${id}`))
      const trials = (await Promise.all(details)).map(({ body }) => body)
      return { search: (await client.get(search)).body, trials }
    }
    const before = await read()
    for (const { jobId } of before.trials) {
      const job = `/v1/jobs/${jobId}`
      const { status, body } = await client.delete(job)
      expect({ status, body }).toEqual({ status: 204, body: undefined })
      expect((await client.get(job)).body.code).toBe('job-not-found')
      const again = await client.delete(job)
      expect(again).toMatchObject({ status: 404, body: { code: 'job-not-found' } })
    }
    const jobs = (await client.get(`/v1/jobs?studyId=${study.split('/').at(-1)}`)).body.items
    expect(jobs.map(({ kind }: { kind: string }) => kind)).toEqual(['fit'])
    expect(await read()).toEqual(before)
    expect((await client.get(`${study}/recommendation`)).status).toBe(200)
  })

  test('keeps no checkpoint of a trial that completed', async () => {
    const [{ id }] = (await client.get(`${study}/trials?limit=1`)).body.items
    const { status, body } = await client.delete(`${study}/trials/${id}/checkpoint`)
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'checkpoint-not-found' })
  })

  test('mixtures are compared with given seeds', async () => {
    const mixtures = { even: { web: 0.5, code: 0.5 }, 'only web': { web: 1 } }
    const { status, headers, body } = await client.post(`${study}/comparisons`, {
      mixtures,
      replicates: 2,
    })
    expect(status).toBe(202)
    expect(body).toMatchObject({ purpose: 'comparison', trials: 4 })
    await expect
      .poll(async () => (await client.get(String(headers.location))).body.state, {
        timeout: 30_000,
      })
      .toBe('finished')
    const trials = (await client.get(`${study}/trials?searchId=${body.id}`)).body.items
    expect(trials.map(({ label }: { label: string }) => label).sort()).toEqual([
      'even',
      'even',
      'only web',
      'only web',
    ])
  })
})

describe('work under way', () => {
  const endless = () => problem(corpus, 1_000_000_000)

  test('is one search at a time, which can be cancelled', async () => {
    const study = await client.newStudy({ problem: endless() })
    const { headers } = await client.post(`${study}/searches`, { trials: 3 })
    const search = String(headers.location)
    const again = await client.post(`${study}/searches`, { trials: 3 })
    expect(again.body.code).toBe('search-running')
    await eventsUntil(study, 'trial-progress')
    const cancelled = await client.post(`${search}/cancellation`)
    expect(cancelled.status).toBe(202)
    await expect
      .poll(async () => (await client.get(search)).body, { timeout: 20_000 })
      .toMatchObject({ state: 'cancelled', counts: { cancelled: 3 } })
  })

  test('keeps its jobs and checkpoints until it has ended', async () => {
    const study = await client.newStudy({ problem: endless() })
    const { headers } = await client.post(`${study}/searches`, { trials: 3 })
    await eventsUntil(study, 'trial-progress')
    const trials = (await client.get(`${study}/trials`)).body.items
    const states = trials.map(({ state }: { state: string }) => state)
    expect(states.toSorted()).toEqual(['running', 'waiting', 'waiting'])
    const [waiting] = trials.filter(({ state }: { state: string }) => state === 'waiting')
    const checkpoint = writeCheckpoint(waiting.id)
    for (const { id, jobId } of trials) {
      const job = await client.delete(`/v1/jobs/${jobId}`)
      expect(job).toMatchObject({ status: 409, body: { code: 'job-needed' } })
      expect(job.body.detail).toContain('cancel it first')
      const kept = await client.delete(`${study}/trials/${id}/checkpoint`)
      expect(kept).toMatchObject({ status: 409, body: { code: 'trial-under-way' } })
    }
    expect(existsSync(checkpoint)).toBe(true)

    await client.post(`${headers.location}/cancellation`)
    await expect
      .poll(async () => (await client.get(String(headers.location))).body.counts, {
        timeout: 20_000,
      })
      .toMatchObject({ cancelled: 3 })
    const removed = await client.delete(`${study}/trials/${waiting.id}/checkpoint`)
    expect(removed).toMatchObject({ status: 204, body: undefined })
    expect(existsSync(checkpoint)).toBe(false)
    for (const { id, jobId } of trials) {
      expect((await client.delete(`/v1/jobs/${jobId}`)).status).toBe(204)
      expect((await client.get(`${study}/trials/${id}`)).body).toMatchObject({ jobId })
    }
  })

  test('is cancelled with its study', async () => {
    const study = await client.newStudy({ problem: endless() })
    const { headers } = await client.post(`${study}/searches`, { trials: 3 })
    const { status, body } = await client.post(`${study}/cancellation`)
    expect(status).toBe(202)
    expect(`/v1/studies/${body.id}`).toBe(study)
    await expect
      .poll(async () => (await client.get(String(headers.location))).body.state, {
        timeout: 20_000,
      })
      .toBe('cancelled')
    expect((await client.post(`${study}/cancellation`)).status).toBe(202)
  })
})

describe('what is not right is refused:', () => {
  test.each<[string, object, string]>([
    ['a fidelity that is not there', { fidelity: 'large' }, '/fidelity'],
    ['one trial', { trials: 1 }, '/trials'],
    ['a seed that is none', { seed: -1 }, '/seed'],
    ['an unknown field', { trial: 5 }, '/trial'],
  ])('%s', async (_name, input, pointer) => {
    const study = await client.newStudy({ problem: problem(corpus) })
    const { status, body } = await client.post(`${study}/searches`, input)
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'validation-failed' })
    expect(body.errors).toMatchObject([{ pointer }])
    expect((await client.get(`${study}/searches`)).body.items).toEqual([])
  })

  test('fewer trials than a fit takes', async () => {
    const study = await client.newStudy({ problem: problem(corpus) })
    const { status, body } = await client.post(`${study}/searches`, { trials: 2 })
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'too-few-runs' })
  })

  test('a study without proxies', async () => {
    const { status } = await client.post(`${await client.newStudy()}/searches`, {})
    expect(status).toBe(422)
  })

  test.each<[string, object, string]>([
    ['no mixtures', { mixtures: {} }, '/mixtures'],
    ['weights that do not sum to 1', { mixtures: { a: { web: 0.5 } } }, '/mixtures/a'],
    ['a domain that is not there', { mixtures: { a: { web: 0.5, books: 0.5 } } }, '/mixtures/a'],
    ['no replicates', { mixtures: { a: { web: 1 } }, replicates: 0 }, '/replicates'],
  ])('a comparison with %s', async (_name, input, pointer) => {
    const study = await client.newStudy({ problem: problem(corpus) })
    const { status, body } = await client.post(`${study}/comparisons`, input)
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'validation-failed' })
    expect(body.errors[0].pointer.startsWith(pointer)).toBe(true)
  })

  test.each([
    ['GET', 'searches', 'search-not-found'],
    ['GET', 'trials', 'trial-not-found'],
  ] as const)('%s one of its %s that is not there', async (method, list, code) => {
    const study = await client.newStudy({ problem: problem(corpus) })
    for (const id of [ID, 'newest']) {
      const { status, body } = await client.call({ method, url: `${study}/${list}/${id}` })
      expect({ status, code: body.code }).toEqual({ status: 404, code })
    }
    const nowhere = await client.call({ method, url: `/v1/studies/${ID}/${list}` })
    expect(nowhere.body.code).toBe('study-not-found')
  })

  test('deleting the checkpoint of a trial that is not there, or is another study’s', async () => {
    const [study, other] = [
      await client.newStudy({ problem: problem(corpus, 1_000_000_000) }),
      await client.newStudy({ problem: problem(corpus) }),
    ]
    await client.post(`${study}/searches`, { trials: 3 })
    await client.post(`${study}/cancellation`)
    const trials = (await client.get(`${study}/trials?state=cancelled`)).body.items
    const { id } = trials.at(-1)
    const checkpoint = writeCheckpoint(id)
    for (const [url, code] of [
      [`${other}/trials/${id}`, 'trial-not-found'],
      [`${study}/trials/${ID}`, 'trial-not-found'],
      [`${study}/trials/newest`, 'trial-not-found'],
      [`/v1/studies/${ID}/trials/${id}`, 'study-not-found'],
    ]) {
      const { status, body } = await client.delete(`${url}/checkpoint`)
      expect({ status, code: body.code }).toEqual({ status: 404, code })
    }
    expect(existsSync(checkpoint)).toBe(true)
  })
})
