import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drawKey } from '../../src/studies/key-text.js'
import { type App, ask, GuardedPlace } from '../api/guarded-service.js'

const { REDIS_URL: redisUrl } = process.env
if (!redisUrl) throw new Error('REDIS_URL is missing: run `npm run test:services`')

const LIMITED = { access: 'keys', requestsPerMinute: 6, failuresPerMinute: 4, redisUrl } as const

let place: GuardedPlace
beforeAll(async () => {
  place = await GuardedPlace.open()
})
afterAll(() => place.close())

/** Until then requests are let through uncounted. */
async function connected(app: App): Promise<App> {
  const key = await place.newKey()
  const reset = async () =>
    Number((await ask(app, '/v1/methods', { key })).headers['ratelimit-reset'])
  await expect.poll(reset).toBeGreaterThan(0)
  return app
}

describe('rate limits on Redis', () => {
  test('are those of all processes together', async () => {
    const apps = [
      await connected(await place.app(LIMITED)),
      await connected(await place.app(LIMITED)),
    ]
    const key = await place.newKey()
    const left: number[] = []
    for (let i = 0; i < 6; i++) {
      const { status, headers } = await ask(apps[i % 2], '/v1/methods', { key })
      expect(status).toBe(200)
      left.push(Number(headers['ratelimit-remaining']))
    }
    expect(left).toEqual([5, 4, 3, 2, 1, 0])
    for (const app of apps) {
      const { status, headers } = await ask(app, '/v1/methods', { key })
      expect(status).toBe(429)
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    }
  })

  test('hold up who guesses keys, at whatever process', async () => {
    const apps = [
      await connected(await place.app(LIMITED)),
      await connected(await place.app(LIMITED)),
    ]
    const remoteAddress = '192.0.2.77'
    const guess = (app: App) => ask(app, '/v1/methods', { key: drawKey().key, remoteAddress })
    for (let i = 0; i < 4; i++) expect((await guess(apps[i % 2])).status).toBe(401)
    for (const app of apps) {
      const { status, headers } = await guess(app)
      expect(status).toBe(429)
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    }
  })
})
