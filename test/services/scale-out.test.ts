import { rmSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { makeRuns, PROBLEM } from '../api/client.js'
import { type RunningCommand, startCommand } from '../cli/support.js'
import { temporaryFolder } from '../cli/tables.js'
import { parseExposition, samplesOf } from '../support/prometheus.js'
import { syntheticText } from '../support/synthetic-text.js'
import { newPlace } from './support/servers.js'

/** API and workers as processes of their own, on real servers and one data folder. */

const PATIENCE = { timeout: 90_000, interval: 100 }

const data = temporaryFolder()
let place: Awaited<ReturnType<typeof newPlace>>
beforeAll(async () => {
  place = await newPlace(4)
})
afterAll(async () => {
  await place.close()
  rmSync(data, { recursive: true, force: true })
})

const running: RunningCommand[] = []
afterEach(async () => {
  for (const { child, result } of running.splice(0)) {
    child.kill('SIGKILL')
    await result
  }
})

interface Facts {
  url: string
  queue: string
  store: string
  name?: string
}

async function start(args: string[], env: NodeJS.ProcessEnv = place.env) {
  const command = startCommand([...args, '--data', data, '--json'], env)
  running.push(command)
  const [line] = await command.saying(/^\{.*\}$/m)
  return { ...command, facts: JSON.parse(line) as Facts }
}

const startApi = (env?: NodeJS.ProcessEnv) => start(['api', '--port', '0'], env)
const startWorker = (env?: NodeJS.ProcessEnv) =>
  start(['worker', '--port', '0', '--workers', '1', '--trainings', '2'], env)

async function call<T>(address: string, body?: unknown): Promise<T> {
  const isForm = body instanceof FormData
  const response = await fetch(address, {
    ...(body !== undefined && { method: 'POST' }),
    ...(isForm && { body }),
    ...(body !== undefined &&
      !isForm && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
  })
  if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

async function metric(url: string, name: string, labels?: Record<string, string>) {
  const exposition = parseExposition(await (await fetch(`${url}/metrics`)).text())
  return samplesOf(exposition, name, labels).reduce((sum, { value }) => sum + value, 0)
}

/** The words of an event stream until one of them is there. */
async function readUntil(address: string, word: string): Promise<string> {
  const leave = new AbortController()
  const response = await fetch(address, { signal: leave.signal })
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (text.includes(word)) break
  }
  leave.abort()
  return text
}

/** @returns the address of the study's recommendation */
async function fitSomeRuns(url: string): Promise<string> {
  const { id } = await call<{ id: string }>(`${url}/v1/studies`, { name: 'fit', problem: PROBLEM })
  const study = `/v1/studies/${id}`
  await call(`${url}${study}/imports`, { runs: makeRuns(24) })
  await call(`${url}${study}/fits`, {})
  return `${study}/recommendation`
}

const answers = (address: string) => fetch(address).then(({ status }) => status)

describe('two APIs and a worker on PostgreSQL and Redis', () => {
  test('a corpus given to one API is searched by the worker, watched and read at the other', async () => {
    const [here, there, worker] = await Promise.all([startApi(), startApi(), startWorker()])
    expect(here.facts).toMatchObject({ store: 'postgresql', queue: 'redis' })
    expect(worker.facts.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const url = here.facts.url
    const { id: corpus } = await call<{ id: string }>(`${url}/v1/corpora`, {
      name: 'synthetic',
      domains: ['north', 'south'].map((name) => ({ name })),
      settings: { tokenizer: { kind: 'bytes' }, validationFraction: 0.1 },
    })
    for (const domain of ['north', 'south']) {
      const form = new FormData()
      form.set('domain', domain)
      form.set('file', new Blob([syntheticText(domain, 60)]), `${domain}.jsonl`)
      await call(`${url}/v1/corpora/${corpus}/sources`, form)
    }
    await call(`${url}/v1/corpora/${corpus}/ingestions`, {})
    await vi.waitFor(async () => {
      const read = await call<{ ingestion: unknown }>(`${there.facts.url}/v1/corpora/${corpus}`)
      expect(read.ingestion).not.toBeNull()
    }, PATIENCE)

    const model = { width: 16, layers: 1, heads: 2, context: 16 }
    const proxy = { model, tokens: 4096, batchSize: 8, validationSequences: 8 }
    const { id } = await call<{ id: string }>(`${url}/v1/studies`, {
      name: 'scaled out',
      problem: { corpus, fidelities: [{ name: 'proxy', evaluator: 'proxy', proxy }] },
    })
    const study = `/v1/studies/${id}`
    await call(`${url}${study}/searches`, { trials: 4 })
    const seen = await readUntil(`${there.facts.url}${study}/events`, 'search-finished')
    expect(seen.match(/event: trial-completed/g)).toHaveLength(4)
    const { weights } = await call<{ weights: Record<string, number> }>(
      `${there.facts.url}${study}/recommendation`,
    )
    expect(Object.keys(weights)).toEqual(['north', 'south'])

    const trained = 'mixwright_training_tokens_total'
    expect(await metric(worker.facts.url, trained)).toBe(4 * 4096)
    expect(await metric(here.facts.url, trained)).toBe(0)
    const fits = { kind: 'fit', outcome: 'finished' }
    expect(await metric(worker.facts.url, 'mixwright_job_duration_seconds_count', fits)).toBe(1)
    const completed = { evaluator: 'proxy', state: 'completed' }
    await expect
      .poll(() => metric(there.facts.url, 'mixwright_trials', completed), PATIENCE)
      .toBe(4)
    await expect.poll(() => metric(here.facts.url, 'mixwright_queue_deliveries'), PATIENCE).toBe(0)
    const route = { route: '/v1/studies/:studyId/recommendation', status: '200' }
    const count = 'mixwright_http_request_duration_seconds_count'
    expect(await metric(there.facts.url, count, route)).toBe(1)

    expect(await answers(`${worker.facts.url}/readyz`)).toBe(200)
    expect(await answers(`${worker.facts.url}${study}`)).toBe(404)
    for (const one of [worker, here, there]) {
      one.child.kill('SIGTERM')
      const { code, stderr } = await one.result
      expect({ code, warnings: warningsOf(stderr) }).toEqual({ code: 0, warnings: [] })
    }
  })

  test('what is asked without a worker waits for one', async () => {
    const api = await startApi()
    const { url } = api.facts
    const recommendation = await fitSomeRuns(url)
    expect(await answers(url + recommendation)).toBe(409)
    await expect
      .poll(() => metric(url, 'mixwright_jobs', { kind: 'fit', state: 'queued' }), PATIENCE)
      .toBe(1)
    expect(await answers(`${url}/readyz`)).toBe(200)
    await startWorker()
    await expect.poll(() => answers(url + recommendation), PATIENCE).toBe(200)
  })
})

/** What with-services.mjs starts has no append-only file, and the service says so. */
function warningsOf(stderr: string): string[] {
  const lines = stderr.split('\n').filter((line) => line !== '')
  return lines.filter((line) => !/has no append-only file/.test(line))
}

test('the queue may be on PostgreSQL, too', async () => {
  const env = { DATABASE_URL: place.env.DATABASE_URL }
  const [api, worker] = await Promise.all([startApi(env), startWorker(env)])
  expect([api.facts.queue, worker.facts.queue]).toEqual(['postgresql', 'postgresql'])
  const recommendation = await fitSomeRuns(api.facts.url)
  await expect.poll(() => answers(api.facts.url + recommendation), PATIENCE).toBe(200)
})

test('a worker listens only when it is told to', async () => {
  const command = await start(['worker', '--workers', '1', '--trainings', '1'])
  expect(command.facts).toMatchObject({ store: 'postgresql', name: expect.any(String) })
  expect(command.facts.url).toBeUndefined()
  command.child.kill('SIGTERM')
  expect((await command.result).code).toBe(0)
})

test('Redis is looked at before it is used', async () => {
  const { child, result, saying } = startCommand(['api', '--port', '0', '--data', data], place.env)
  running.push({ child, result, saying })
  const [line] = await saying(/^\{.*append-only file.*\}$/m, 'stderr')
  expect(JSON.parse(line).msg).toMatch(/Set appendonly to yes/)
})
