import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type App, ask, GuardedPlace } from './guarded-service.js'

const ORIGIN = 'https://mix.example'

let place: GuardedPlace
let app: App
let shared: App
beforeAll(async () => {
  place = await GuardedPlace.open()
  app = await place.app({ access: 'keys' })
  shared = await place.app({ access: 'keys', corsOrigins: [ORIGIN, 'http://localhost:3000'] })
})
afterAll(() => place.close())

/** `script-src 'self'` → `{ 'script-src': ["'self'"] }`. */
function policyOf(header: unknown): Record<string, string[]> {
  const directives = String(header).split(';')
  return Object.fromEntries(
    directives.map((directive) => {
      const [name, ...sources] = directive.trim().split(' ')
      return [name, sources]
    }),
  )
}

describe('security headers', () => {
  test.each(['/livez', '/v1/methods', '/v1/nothing', '/problems/internal'])(
    'are with every answer: %s',
    async (url) => {
      const { headers } = await ask(app, url)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      })
      expect(policyOf(headers['content-security-policy'])).toEqual({
        'default-src': ["'none'"],
        'frame-ancestors': ["'none'"],
      })
      expect(headers['strict-transport-security']).toBeUndefined()
      expect(headers['x-powered-by']).toBeUndefined()
      expect(headers.server).toBeUndefined()
    },
  )

  test('let Swagger UI run, from this service only, and nothing inline', async () => {
    for (const url of ['/docs', '/docs/', '/docs/static/index.html']) {
      const page = await ask(app, url)
      const policy = policyOf(page.headers['content-security-policy'])
      expect(policy['default-src']).toEqual(["'self'"])
      expect(policy['script-src']).toEqual(["'self'"])
      expect(policy['frame-ancestors']).toEqual(["'none'"])
      // Over plain HTTP its files would be asked for by HTTPS.
      expect(policy).not.toHaveProperty('upgrade-insecure-requests')
    }
    const { body: html } = await ask(app, '/docs/')
    const scripts = [...html.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)]
    expect(scripts.length).toBeGreaterThan(2)
    const sources = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source)
    expect(sources.length).toBeGreaterThan(scripts.length)
    for (const source of sources) {
      const address = new URL(source, 'http://here/docs/')
      expect(address.origin).toBe('http://here')
      expect((await ask(app, address.pathname)).status, source).toBe(200)
    }
    for (const [, attributes, code] of scripts) {
      expect(attributes).toContain('src=')
      expect(code.trim()).toBe('')
    }
    expect(html).not.toMatch(/\son\w+=|<style/)
  })
})

describe('pages of other origins', () => {
  const preflight = (target: App, origin: string, url = '/v1/studies') =>
    ask(target, url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })

  test('may not ask unless they are listed', async () => {
    const { status, headers } = await preflight(app, ORIGIN)
    expect(status).toBe(405)
    expect(headers['access-control-allow-origin']).toBeUndefined()
    for (const origin of ['https://evil.example', `${ORIGIN}.evil.example`, 'null']) {
      const answers = [
        await preflight(shared, origin),
        await ask(shared, '/livez', { headers: { origin } }),
      ]
      for (const { headers } of answers) {
        expect(headers['access-control-allow-origin']).toBeUndefined()
      }
    }
  })

  test('that are listed may ask, with a key, and read what they need', async () => {
    for (const origin of [ORIGIN, 'http://localhost:3000']) {
      const { status, headers } = await preflight(shared, origin)
      expect(status).toBe(204)
      expect(headers['access-control-allow-origin']).toBe(origin)
      expect(headers['access-control-allow-methods']).toContain('DELETE')
      expect(headers['access-control-allow-headers']).toMatch(/Authorization.*Idempotency-Key/)
      expect(headers['access-control-allow-credentials']).toBeUndefined()
    }
    const key = await place.newKey()
    const headers = { origin: ORIGIN }
    const answer = await ask(shared, '/v1/methods', { key, headers })
    expect(answer.status).toBe(200)
    expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect(answer.headers.vary).toContain('Origin')
    expect(answer.headers['access-control-expose-headers']).toMatch(/ETag.*Location.*X-Request-Id/)
  })

  test('learn why they are refused, and that an address does not exist', async () => {
    const headers = { origin: ORIGIN }
    const refused = await ask(shared, '/v1/methods', { headers })
    expect(refused.status).toBe(401)
    expect(refused.headers['access-control-allow-origin']).toBe(ORIGIN)
    expect((await ask(shared, '/v1/nothing', { headers })).status).toBe(404)
    expect((await ask(shared, '/v1/methods', { method: 'DELETE', headers })).status).toBe(405)
  })
})
