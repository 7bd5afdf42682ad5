import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drawKey } from '../../src/studies/key-text.js'
import { type App, ask, GuardedPlace } from './guarded-service.js'

const LIMITED = { access: 'keys', requestsPerMinute: 3, failuresPerMinute: 4 } as const

let place: GuardedPlace
beforeAll(async () => {
  place = await GuardedPlace.open()
})
afterAll(() => place.close())

const get = (app: App, key?: string, remoteAddress = '192.0.2.1') =>
  ask(app, '/v1/methods', { key, remoteAddress })

describe('requests of a key', () => {
  test('are counted down in headers, and refused when there have been too many', async () => {
    const app = await place.app(LIMITED)
    const key = await place.newKey()
    for (const left of [2, 1, 0]) {
      const { status, headers } = await get(app, key)
      expect(status).toBe(200)
      expect(Number(headers['ratelimit-limit'])).toBe(3)
      expect(Number(headers['ratelimit-remaining'])).toBe(left)
      expect(Number(headers['ratelimit-reset'])).toBeGreaterThan(0)
      expect(Number(headers['ratelimit-reset'])).toBeLessThanOrEqual(60)
    }
    const { status, headers, body } = await get(app, key)
    expect({ status, code: body.code }).toEqual({ status: 429, code: 'rate-limited' })
    expect(headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60)
    expect(Number(headers['ratelimit-remaining'])).toBe(0)
    expect(body.detail).toContain('3 requests a minute')
  })

  test('count for all routes together, and for no other key', async () => {
    const app = await place.app(LIMITED)
    const [key, other] = [await place.newKey(['read', 'admin']), await place.newKey()]
    await get(app, key)
    await ask(app, '/v1/keys', { key })
    await ask(app, '/v1/keys', { key, method: 'POST', payload: {} })
    expect((await get(app, key)).status).toBe(429)
    expect((await get(app, other)).status).toBe(200)
  })

  test('do not count where no key is needed', async () => {
    const app = await place.app(LIMITED)
    const key = await place.newKey()
    for (let i = 0; i < 10; i++) {
      for (const url of ['/livez', '/readyz', '/problems/internal', '/docs/json']) {
        const { status, headers } = await ask(app, url, { key })
        expect(status, url).toBe(200)
        expect(headers['ratelimit-limit']).toBeUndefined()
      }
    }
    expect((await get(app, key)).headers['ratelimit-remaining']).toBe('2')
  })

  test('have no limit in an open service, nor when it is 0', async () => {
    await place.forgetKeys()
    const open = await place.app({ ...LIMITED, access: 'until-keys' })
    for (let i = 0; i < 5; i++) expect((await get(open)).status).toBe(200)
    const unlimited = await place.app({ ...LIMITED, requestsPerMinute: 0 })
    const key = await place.newKey()
    for (let i = 0; i < 5; i++) {
      const { status, headers } = await get(unlimited, key)
      expect(status).toBe(200)
      expect(headers['ratelimit-limit']).toBeUndefined()
    }
  })

  test('are let through while Redis is away', async () => {
    const app = await place.app({ ...LIMITED, redisUrl: 'redis://127.0.0.1:1' })
    const key = await place.newKey()
    for (let i = 0; i < 5; i++) expect((await get(app, key)).status).toBe(200)
    for (let i = 0; i < 6; i++) expect((await get(app, drawKey().key)).status).toBe(401)
  })
})

describe('somebody who guesses keys', () => {
  const guess = (app: App, address?: string) => get(app, drawKey().key, address)

  test('is told to wait, and is not even listened to', async () => {
    let looks = 0
    const keys = place.keys()
    const authenticate: typeof keys.authenticate = (key) => {
      looks++
      return keys.authenticate(key)
    }
    const app = await place.app(LIMITED, { keys: { ...keys, authenticate } })
    for (let i = 0; i < 4; i++) expect((await guess(app)).status).toBe(401)
    const { status, headers, body } = await guess(app)
    expect({ status, code: body.code }).toEqual({ status: 429, code: 'rate-limited' })
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect((await get(app, await place.newKey())).status).toBe(429)
    expect(looks).toBe(4)
  })

  test('does not hold up keys that are known, nor other addresses', async () => {
    const app = await place.app({ ...LIMITED, requestsPerMinute: 0 })
    const [known, unknown] = [await place.newKey(), await place.newKey()]
    expect((await get(app, known)).status).toBe(200)
    for (let i = 0; i < 6; i++) await guess(app)
    expect((await get(app, known)).status).toBe(200)
    expect((await get(app, unknown)).status).toBe(429)
    expect((await get(app, unknown, '192.0.2.2')).status).toBe(200)
  })

  test('is one who changes addresses within a network of IPv6', async () => {
    const app = await place.app(LIMITED)
    for (let i = 0; i < 4; i++) await guess(app, `2001:db8::${i}`)
    expect((await guess(app, '2001:db8::abcd:1')).status).toBe(429)
    expect((await guess(app, '2001:db8:0:1::1')).status).toBe(401)
  })

  test('is not one who sends no key at all', async () => {
    const app = await place.app(LIMITED)
    for (let i = 0; i < 6; i++) expect((await get(app)).body.code).toBe('key-missing')
    expect((await get(app, await place.newKey())).status).toBe(200)
  })
})

describe('behind a proxy', () => {
  const PROXY = '10.0.0.7'
  const guess = (app: App, client: string, proxy = PROXY) =>
    ask(app, '/v1/methods', {
      key: drawKey().key,
      remoteAddress: proxy,
      headers: { 'x-forwarded-for': client },
    })

  test('that is trusted, wrong keys are counted by the address that it names', async () => {
    const app = await place.app({ ...LIMITED, trustProxy: ['10.0.0.0/8'] })
    for (let i = 0; i < 4; i++) expect((await guess(app, '198.51.100.1')).status).toBe(401)
    expect((await guess(app, '198.51.100.1')).status).toBe(429)
    expect((await guess(app, '198.51.100.2')).status).toBe(401)
    // What a client writes itself stands before what the proxy adds.
    expect((await guess(app, '203.0.113.9, 198.51.100.1')).status).toBe(429)
  })

  test.each<[string, string[]]>([
    ['when none is trusted', []],
    ['when another one is', ['10.0.0.8']],
  ])('the header says nothing %s', async (_name, trustProxy) => {
    const app = await place.app({ ...LIMITED, trustProxy })
    for (let i = 0; i < 4; i++) expect((await guess(app, `198.51.100.${i}`)).status).toBe(401)
    expect((await guess(app, '198.51.100.77')).status).toBe(429)
  })
})
