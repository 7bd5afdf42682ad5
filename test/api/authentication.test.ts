import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { loggerOptions } from '../../src/api/index.js'
import type { Scope } from '../../src/store/key-contract.js'
import { drawKey } from '../../src/studies/key-text.js'
import { type OpenapiDocument, operationsOf } from './documented.js'
import { type App, ask, GuardedPlace } from './guarded-service.js'

const KEYS = { access: 'keys' } as const
const ID = '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'

let place: GuardedPlace
let app: App
beforeAll(async () => {
  place = await GuardedPlace.open()
  app = await place.app(KEYS)
  await app.ready()
})
afterAll(() => place.close())

/** Every operation of the description, with an address that can be asked for. */
function operations(): { method: 'GET'; url: string; scope: Scope | undefined }[] {
  const document: OpenapiDocument = JSON.parse(JSON.stringify(app.swagger()))
  return operationsOf(document).map(({ method, path, operation }) => ({
    method: method.toUpperCase() as 'GET',
    url: path.replace('{code}', 'internal').replace(/\{\w+\}/g, ID),
    scope: operation.security?.[0]?.apiKey[0],
  }))
}

describe('without a key', () => {
  test('only what tells nothing is answered', async () => {
    const open = operations().filter(({ scope }) => scope === undefined)
    expect(open.map(({ url }) => url).sort()).toEqual([
      '/livez',
      '/problems',
      '/problems/internal',
      '/readyz',
    ])
    for (const url of [...open.map((one) => one.url), '/docs', '/docs/json', '/docs/yaml', '/']) {
      expect((await ask(app, url)).status, url).toBeLessThan(400)
    }
  })

  test('every other operation asks for one, whatever comes with the request', async () => {
    const guarded = operations().filter(({ scope }) => scope !== undefined)
    expect(guarded.length).toBeGreaterThan(40)
    for (const { method, url } of guarded) {
      const { status, headers, body } = await ask(app, url, { method })
      expect({ url, status, code: body.code }).toEqual({ url, status: 401, code: 'key-missing' })
      expect(headers['www-authenticate']).toBe('Bearer realm="mixwright"')
      expect(headers['content-type']).toBe('application/problem+json; charset=utf-8')
    }
  })

  test('an address that does not exist is said not to, and so is a method', async () => {
    expect((await ask(app, '/v1/nothing')).status).toBe(404)
    expect((await ask(app, '/v1/methods', { method: 'DELETE' })).status).toBe(405)
  })

  test('HEAD is asked for a key as GET is', async () => {
    expect((await ask(app, '/v1/methods', { method: 'HEAD' })).status).toBe(401)
    const key = await place.newKey(['read'])
    expect((await ask(app, '/v1/methods', { method: 'HEAD', key })).status).toBe(200)
  })
})

describe('scopes', () => {
  test('are what the description says, for reading, writing, spending and keys', () => {
    const scopes = Object.fromEntries(
      operations().map(({ method, url, scope }) => [`${method} ${url}`, scope]),
    )
    expect(scopes).toMatchObject({
      'GET /v1/studies': 'read',
      'GET /metrics': 'read',
      'POST /v1/studies': 'write',
      [`DELETE /v1/studies/${ID}`]: 'write',
      [`POST /v1/studies/${ID}/trials`]: 'write',
      [`POST /v1/studies/${ID}/trials/${ID}/abandonment`]: 'write',
      [`POST /v1/studies/${ID}/suggestions`]: 'run',
      [`POST /v1/studies/${ID}/trials/${ID}/heartbeat`]: 'run',
      [`POST /v1/studies/${ID}/trials/${ID}/measurements`]: 'run',
      [`POST /v1/studies/${ID}/trials/${ID}/completion`]: 'run',
      [`POST /v1/studies/${ID}/trials/${ID}/failure`]: 'run',
      [`POST /v1/studies/${ID}/imports`]: 'write',
      [`POST /v1/studies/${ID}/fits`]: 'run',
      [`POST /v1/studies/${ID}/searches`]: 'run',
      [`POST /v1/studies/${ID}/comparisons`]: 'run',
      [`POST /v1/corpora/${ID}/ingestions`]: 'run',
      'POST /v1/recommendations': 'run',
      [`POST /v1/studies/${ID}/predictions`]: 'read',
      'POST /v1/exports': 'read',
      'GET /v1/keys': 'admin',
      'POST /v1/keys': 'admin',
      [`POST /v1/keys/${ID}/rotation`]: 'admin',
      [`DELETE /v1/keys/${ID}`]: 'admin',
    })
  })

  test('are each needed, and none contains another', async () => {
    const all: Scope[] = ['read', 'write', 'run', 'admin']
    const keys = new Map<Scope, string>()
    for (const scope of all) keys.set(scope, await place.newKey(all.filter((one) => one !== scope)))
    for (const { method, url, scope } of operations()) {
      if (scope === undefined) continue
      const { status, headers, body } = await ask(app, url, { method, key: keys.get(scope) })
      expect({ url, status, code: body.code }).toEqual({ url, status: 403, code: 'scope-missing' })
      expect(body.detail).toContain(`needs the scope \`${scope}\``)
      expect(headers['www-authenticate']).toContain(`error="insufficient_scope", scope="${scope}"`)
    }
  })

  test('cannot be given by a key that lacks them, neither to a new key nor by rotating one', async () => {
    const key = await place.newKey(['admin', 'read'])
    const other = await place.keys().create({ name: 'other', scopes: ['run'] })
    const before = await ask(app, '/v1/keys', { key })
    for (const [url, payload] of [
      ['/v1/keys', { name: 'x', scopes: ['read', 'run'] }],
      [`/v1/keys/${other.record.id}/rotation`, {}],
    ] as const) {
      const { status, body } = await ask(app, url, { method: 'POST', key, payload })
      expect({ status, code: body.code }).toEqual({ status: 403, code: 'scope-missing' })
      expect(body.detail).toContain('`run`')
    }
    expect((await ask(app, '/v1/keys', { key })).body.items.length).toBe(before.body.items.length)
    const payload = { name: 'x', scopes: ['read'] }
    const made = await ask(app, '/v1/keys', { method: 'POST', key, payload })
    const [{ createdBy }] = (await ask(app, '/v1/keys', { key })).body.items
    expect(made.body.createdBy).toBe(createdBy)
    expect(createdBy).not.toBeNull()
  })

  test('that a key has open what they are for', async () => {
    expect((await ask(app, '/v1/methods', { key: await place.newKey(['read']) })).status).toBe(200)
    expect((await ask(app, '/v1/keys', { key: await place.newKey(['admin']) })).status).toBe(200)
  })
})

describe('a key is refused', () => {
  const refused = async (headers: Record<string, string>, code: string) => {
    const answer = await ask(app, '/v1/methods', { headers })
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 401, code })
    return answer
  }

  test.each([
    ['nobody made', () => drawKey().key],
    ['is cut off', async () => (await place.newKey()).slice(0, -1)],
    ['has something at its end', async () => `${await place.newKey()}x`],
    ['is far too long', () => `mix_${'a'.repeat(8000)}`],
    ['has odd characters', () => `mix_00000000_${'\';--\\"%00'.repeat(6)}`],
    ['has characters beyond ASCII', () => `mix_00000000_${'é'.repeat(43)}`],
    ['is two', async () => `${await place.newKey()}, ${await place.newKey()}`],
  ])('that %s', async (_name, make) => {
    const { headers, body } = await refused(
      { authorization: `Bearer ${await make()}` },
      'key-invalid',
    )
    expect(headers['www-authenticate']).toBe('Bearer realm="mixwright", error="invalid_token"')
    expect(body.fix).not.toBe('')
  })

  test('that has expired, and its holder is told so', async () => {
    const keys = place.keys(() => Date.now() - 60_000)
    const expiresAt = new Date(Date.now() - 1000)
    const { key } = await keys.create({ name: 'short', scopes: ['read'], expiresAt })
    const { body } = await refused({ authorization: `Bearer ${key}` }, 'key-invalid')
    expect(body.detail).toContain('expired')
    expect(JSON.stringify(body)).not.toContain(key)
  })

  test.each([
    ['Basic', `Basic ${Buffer.from('a:b').toString('base64')}`],
    ['a scheme without a key', 'Bearer'],
    ['a scheme with spaces only', 'Bearer   '],
    ['a key without a scheme', drawKey().key],
    ['nothing', ''],
  ])('that comes as %s', async (_name, authorization) => {
    const { body } = await refused({ authorization }, 'key-missing')
    const [, secret = authorization] = /^\S+ (\S+)$/.exec(authorization) ?? []
    if (secret.length > 6) expect(JSON.stringify(body)).not.toContain(secret)
  })

  test('in the address, and as another header', async () => {
    const key = await place.newKey()
    expect((await ask(app, `/v1/methods?key=${key}&access_token=${key}`)).status).toBe(401)
    await refused({ 'x-api-key': key }, 'key-missing')
  })

  test('the scheme may be written in any case', async () => {
    const key = await place.newKey()
    for (const scheme of ['bearer', 'BEARER', 'Bearer ']) {
      const headers = { authorization: `${scheme} ${key}` }
      expect((await ask(app, '/v1/methods', { headers })).status).toBe(200)
    }
  })

  test('that comes twice, the same or another', async () => {
    const listening = await place.app(KEYS)
    await listening.listen({ host: '127.0.0.1', port: 0 })
    const { port } = listening.server.address() as { port: number }
    const key = await place.newKey()
    const statusOf = (lines: string[]) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1').on('error', reject)
        const head = ['GET /v1/methods HTTP/1.1', 'Host: localhost', ...lines, 'Connection: close']
        socket.write(`${head.join('\r\n')}\r\n\r\n`)
        let text = ''
        socket.on('data', (data) => {
          text += data
        })
        socket.on('end', () => resolve(text))
      })
    const line = `Authorization: Bearer ${key}`
    expect(await statusOf([line])).toMatch(/^HTTP\/1\.1 200 /)
    for (const second of [
      line,
      `authorization: Bearer ${drawKey().key}`,
      'Authorization: Basic x',
    ]) {
      for (const lines of [
        [line, second],
        [second, line],
      ]) {
        const answer = await statusOf(lines)
        expect(answer).toMatch(/^HTTP\/1\.1 401 /)
        expect(answer).toContain('more than one Authorization header')
      }
    }
  })
})

describe('a revoked key', () => {
  test('is refused at once where it was revoked, and within 5 s elsewhere', async () => {
    let time = Date.now()
    const clock = () => time
    const [here, elsewhere] = [place.keys(clock), place.keys(clock)]
    const [app, other] = [
      await place.app(KEYS, { keys: here }),
      await place.app(KEYS, { keys: elsewhere }),
    ]
    const { key, record } = await here.create({ name: 'a', scopes: ['read'] })
    const statuses = async () => [
      (await ask(app, '/v1/methods', { key })).status,
      (await ask(other, '/v1/methods', { key })).status,
    ]
    expect(await statuses()).toEqual([200, 200])
    const admin = await place.newKey(['admin'])
    const revoked = await ask(app, `/v1/keys/${record.id}`, { method: 'DELETE', key: admin })
    expect(revoked.status).toBe(204)
    time += 4999
    expect(await statuses()).toEqual([401, 200])
    time += 1
    expect(await statuses()).toEqual([401, 401])
  })
})

describe('a service that is open until there is a key', () => {
  const until = { access: 'until-keys' } as const
  afterEach(() => place.forgetKeys())

  test('asks for none before, and for one as soon as one is made through it', async () => {
    await place.forgetKeys()
    const app = await place.app(until)
    expect((await ask(app, '/v1/methods')).status).toBe(200)
    // A header is no harm as long as nobody is asked for one.
    expect((await ask(app, '/v1/methods', { key: 'wrong' })).status).toBe(200)
    const payload = { name: 'first', scopes: ['read', 'admin'] }
    const made = await ask(app, '/v1/keys', { method: 'POST', payload })
    expect(made.status).toBe(201)
    expect((await ask(app, '/v1/methods')).status).toBe(401)
    expect((await ask(app, '/v1/methods', { key: made.body.key })).status).toBe(200)
  })

  test('sees within 5 s a key that was made elsewhere', async () => {
    await place.forgetKeys()
    let time = Date.now()
    const app = await place.app(until, { keys: place.keys(() => time) })
    expect((await ask(app, '/v1/methods')).status).toBe(200)
    await place.newKey()
    time += 4999
    expect((await ask(app, '/v1/methods')).status).toBe(200)
    time += 1
    expect((await ask(app, '/v1/methods')).status).toBe(401)
  })

  test('stays closed when its only key expires, and is open again when that is revoked', async () => {
    await place.forgetKeys()
    let time = Date.now() - 3_600_000
    const keys = place.keys(() => time)
    const app = await place.app(until, { keys })
    const expiresAt = new Date(time + 60_000)
    const { record } = await keys.create({ name: 'short', scopes: ['read'], expiresAt })
    time += 3_600_000
    expect((await ask(app, '/v1/methods')).status).toBe(401)
    await keys.revoke(record.id)
    expect((await ask(app, '/v1/methods')).status).toBe(200)
  })

  test('answers to the names of this machine only, whatever leads to it', async () => {
    await place.forgetKeys()
    const app = await place.app(until)
    const statusFor = async (host: string) =>
      (await ask(app, '/v1/methods', { headers: { host } })).status
    for (const host of ['localhost', 'LOCALHOST:8080', '127.0.0.1:80', '127.8.9.1', '[::1]:8080']) {
      expect(await statusFor(host), host).toBe(200)
    }
    for (const host of [
      'evil.example',
      'evil.example:8080',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'localhost@evil.example',
      '192.168.0.7:8080',
      '[::2]',
      'a b',
      '/',
    ]) {
      const { status, body } = await ask(app, '/v1/methods', { headers: { host } })
      expect({ host, status, code: body.code }).toEqual({
        host,
        status: 421,
        code: 'host-not-allowed',
      })
    }
    const key = await place.newKey()
    const guarded = await place.app(until)
    const headers = { host: 'mix.example', origin: 'https://mix.example' }
    expect((await ask(guarded, '/v1/methods', { key, headers })).status).toBe(200)
  })

  test('answers to pages of this machine and of listed origins only', async () => {
    await place.forgetKeys()
    const app = await place.app({ ...until, corsOrigins: ['https://mix.example'] })
    const payload = { name: 'x', scopes: ['read'] }
    for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example']) {
      const headers = { origin }
      const { status, body } = await ask(app, '/v1/keys', { method: 'POST', payload, headers })
      expect({ origin, status, code: body.code }).toEqual({
        origin,
        status: 403,
        code: 'origin-not-allowed',
      })
    }
    for (const origin of ['https://mix.example', 'http://localhost:3000', 'http://[::1]:8080']) {
      expect((await ask(app, '/v1/methods', { headers: { origin } })).status, origin).toBe(200)
    }
  })
})

describe('logs', () => {
  test('hold no key, whatever is logged', async () => {
    const lines: string[] = []
    const stream = { write: (line: string) => void lines.push(line) }
    const app = await place.app(KEYS, { logger: loggerOptions('debug', stream) })
    const key = await place.newKey(['read', 'admin'])
    await ask(app, `/v1/methods?key=${key}`, { key })
    await ask(app, '/v1/nothing', { key })
    const payload = { name: 'x', scopes: ['read'] }
    const made = await ask(app, '/v1/keys', { method: 'POST', payload, key })
    // Reaches a service that is not there, which is logged as an error with the request.
    expect((await ask(app, '/v1/studies', { key })).status).toBe(500)
    app.log.info({ headers: { authorization: `Bearer ${key}` } }, `with ${key}`)
    const text = lines.join('')
    expect(lines.length).toBeGreaterThan(3)
    for (const secret of [key, made.body.key]) expect(text).not.toContain(secret.slice(13))
  })
})
