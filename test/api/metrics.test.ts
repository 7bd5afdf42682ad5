import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildWorkerApp } from '../../src/api/index.js'
import { createMetrics } from '../../src/metrics/index.js'
import { parseExposition, samplesOf } from '../support/prometheus.js'
import { openService, type TestService } from '../support/service.js'
import { PROBLEM } from './client.js'

const COUNT = 'mixwright_http_request_duration_seconds_count'

let service: TestService
let url: string
beforeAll(async () => {
  service = await openService()
  url = await service.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => service.close())

async function scrape() {
  const response = await fetch(`${url}/metrics`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return parseExposition(await response.text())
}

/** What was counted between now and the end of the work, by the labels given. */
async function counted(labels: Record<string, string>, work: () => Promise<unknown>) {
  const value = async () =>
    samplesOf(await scrape(), COUNT, labels).reduce((sum, sample) => sum + sample.value, 0)
  const before = await value()
  await work()
  return (await value()) - before
}

describe('GET /metrics', () => {
  test('times requests by method, pattern of the route and status, and never by an id', async () => {
    const created = await fetch(`${url}/v1/studies`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'measured', problem: PROBLEM }),
    })
    const address = created.headers.get('location')!
    const study = { method: 'GET', route: '/v1/studies/:studyId' }
    expect(await counted({ ...study, status: '200' }, () => fetch(url + address))).toBe(1)
    const absent = '/v1/studies/0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'
    expect(await counted({ ...study, status: '404' }, () => fetch(url + absent))).toBe(1)
    const text = JSON.stringify((await scrape()).samples)
    expect(text).not.toContain(address.split('/').at(-1))
    expect(text).not.toContain('0193f0a2')
  })

  test('has one name for all addresses that are none', async () => {
    const labels = { route: 'none', status: '404' }
    const paths = ['/v1/secret-1', '/v1/secret-2', '/%2e%2e/etc/passwd']
    const work = () => Promise.all(paths.map((path) => fetch(url + path)))
    expect(await counted(labels, work)).toBe(3)
    expect(JSON.stringify((await scrape()).samples)).not.toContain('secret')
  })

  test('counts requests whose clients went before their answer', async () => {
    const { port } = service.app.server.address() as AddressInfo
    const labels = { route: '/v1/studies', status: 'aborted' }
    const isCounted = async () => samplesOf(await scrape(), COUNT, labels).length === 1
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const head = 'POST /v1/studies HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
    socket.write(`${head}content-length: 100\r\n\r\n{`)
    const inFlight = async () =>
      samplesOf(await scrape(), 'mixwright_http_requests_in_flight')[0].value
    await expect.poll(inFlight).toBe(2)
    socket.destroy()
    await expect.poll(isCounted).toBe(true)
    expect(await inFlight()).toBe(1)
  })

  test('knows what it is not asked for under other methods', async () => {
    const response = await fetch(`${url}/metrics`, { method: 'POST' })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD')
  })
})

describe('a worker', () => {
  test('answers health and metrics, and nothing else', async () => {
    const metrics = createMetrics({ version: '1.2.3' })
    const checks: Record<string, { ok: boolean }> = { store: { ok: true } }
    const failures = {}
    const ready = async () => ({ ready: checks.store.ok, checks, failures })
    const app = await buildWorkerApp({ services: { health: { ready } }, metrics })
    const get = (path: string) => app.inject(path)
    expect(await get('/livez')).toMatchObject({ statusCode: 200 })
    expect((await get('/readyz')).json()).toEqual({ status: 'ready', checks })
    expect((await get('/metrics')).body).toContain('mixwright_build_info{version="1.2.3"} 1')
    for (const path of ['/', '/docs', '/v1/studies', '/problems']) {
      const { statusCode, headers } = await get(path)
      expect([path, statusCode]).toEqual([path, 404])
      expect(headers['content-type']).toContain('application/problem+json')
    }
    checks.store.ok = false
    expect(await get('/readyz')).toMatchObject({ statusCode: 503 })
    await app.close()
  })
})
