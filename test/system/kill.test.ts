import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rowOf } from '../../src/optimizers/row-matrix.js'
import { type RunningCommand, startCommand } from '../cli/support.js'
import { temporaryFolder } from '../cli/tables.js'
import { syntheticRuns } from '../support/synthetic-runs.js'

/** A service that is killed without warning, at moments where something is half done. */

const DOMAINS = ['web', 'code', 'books', 'mail']
const PROBLEM = {
  domains: DOMAINS.map((name) => ({ name })),
  metrics: [{ name: 'loss' }, { name: 'error' }],
}
const LAWS = {
  loss: { floor: 2, t: [0.2, -0.5, -2, 0.4] },
  error: { floor: 1, t: [-0.3, 0.1, -1, -0.2] },
}

const folder = temporaryFolder()
let server: RunningCommand
let url = ''

async function start(): Promise<void> {
  server = startCommand(['serve', '--port', '0', '--data', folder, '--json', '--workers', '1'])
  const [line] = await server.saying(/^\{.*\}$/m)
  url = JSON.parse(line).url
}

async function killAndRestart(): Promise<void> {
  server.child.kill('SIGKILL')
  await server.result
  await start()
}

async function call(method: string, address: string, body?: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(url + address, {
    method,
    ...(body !== undefined && { headers, body: JSON.stringify(body) }),
  })
}

async function post(address: string, body: unknown): Promise<Response> {
  const response = await call('POST', address, body)
  if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`)
  return response
}

function table(count: number, seed = 1) {
  const { runs } = syntheticRuns(PROBLEM, LAWS, { count, noise: 0.01, seed })
  return {
    runs: runs.runIds.map((id, i) => ({
      id,
      weights: Object.fromEntries(DOMAINS.map((name, j) => [name, rowOf(runs.raw, i)[j]])),
      metrics: Object.fromEntries([...runs.values].map(([name, values]) => [name, values[i]])),
    })),
  }
}

async function newStudy(): Promise<string> {
  return (await post('/v1/studies', { name: 'killed', problem: PROBLEM })).headers.get(
    'location',
  ) as string
}

/** @returns the addresses of the study and of the job */
async function requestFit(): Promise<{ study: string; job: string }> {
  const study = await newStudy()
  await post(`${study}/imports`, table(300))
  const job = (await post(`${study}/fits`, {})).headers.get('location') as string
  return { study, job }
}

interface Job {
  state: string
  progress: { done: number; total: number } | null
  attempts: number
}

const readJob = async (job: string) => (await (await call('GET', job)).json()) as Job

async function until(job: string, reached: (job: Job) => boolean): Promise<Job> {
  let last: Job | undefined
  await expect
    .poll(
      async () => {
        last = await readJob(job)
        return reached(last)
      },
      { timeout: 60_000, interval: 20 },
    )
    .toBe(true)
  return last as Job
}

const share = ({ state, progress }: Job) =>
  state === 'running' && progress ? progress.done / progress.total : -1

beforeAll(start, 120_000)
afterAll(async () => {
  server.child.kill('SIGKILL')
  await server.result
  rmSync(folder, { recursive: true, force: true })
})

describe('kill -9', () => {
  let undisturbed: unknown

  test('of nothing: what the fit gives when it is left alone', async () => {
    const { study, job } = await requestFit()
    await until(job, ({ state }) => state === 'succeeded')
    undisturbed = await (await call('GET', `${study}/recommendation`)).json()
    await killAndRestart()
    expect(await (await call('GET', `${study}/recommendation`)).json()).toEqual(undisturbed)
    const mixtures = [{ web: 0.4, code: 0.3, books: 0.2, mail: 0.1 }]
    expect((await call('POST', `${study}/predictions`, { mixtures })).status).toBe(200)
  }, 180_000)

  test.each([
    ['as soon as the fit is acknowledged', () => true],
    ['when a worker has begun', (job: Job) => job.state !== 'queued'],
    ['in the middle of the fit', (job: Job) => share(job) > 0.3 || job.state === 'succeeded'],
    ['near the end of the fit', (job: Job) => share(job) > 0.85 || job.state === 'succeeded'],
    ['at the moment of success', (job: Job) => job.state === 'succeeded'],
  ])(
    '%s: the fit finishes after the restart with the same result',
    async (_, moment) => {
      const { study, job } = await requestFit()
      await until(job, moment)
      await killAndRestart()
      await until(job, ({ state }) => state === 'succeeded')
      const recommendation = await (await call('GET', `${study}/recommendation`)).json()
      expect(recommendation).toEqual(undisturbed)
    },
    180_000,
  )

  test('twice in the same fit', async () => {
    const { study, job } = await requestFit()
    for (let kill = 0; kill < 2; kill++) {
      await until(job, (read) => share(read) > 0.2 || read.state === 'succeeded')
      await killAndRestart()
    }
    await until(job, ({ state }) => state === 'succeeded')
    expect(await (await call('GET', `${study}/recommendation`)).json()).toEqual(undisturbed)
  }, 180_000)

  test('during an import: all of its rows or none, and it can be sent again', async () => {
    const study = await newStudy()
    const rows = table(20_000)
    const sent = post(`${study}/imports`, rows).catch(() => undefined)
    await expect
      .poll(async () => (await call('GET', '/v1/studies?limit=1')).status, { timeout: 10_000 })
      .toBe(200)
    await killAndRestart()
    const acknowledged = await sent
    const { items } = (await (await call('GET', `${study}/imports`)).json()) as {
      items: { rowCount: number }[]
    }
    expect(items.map(({ rowCount }) => rowCount)).toEqual(
      acknowledged || items.length > 0 ? [20_000] : [],
    )
    if (items.length === 0) {
      expect((await call('POST', `${study}/imports`, rows)).status).toBe(201)
    }
  }, 180_000)
})
