import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { loggerOptions, withoutSecrets } from '../../src/api/logging.js'
import { appBeforeServices } from './support.js'

function recorder() {
  const lines: string[] = []
  return { lines, stream: { write: (line: string) => lines.push(line) } }
}

/** An application that logs everything, with a route that logs what a careless one would. */
async function careless(log: (logger: { error(fields: object, text: string): void }) => void) {
  const { lines, stream } = recorder()
  const app = await appBeforeServices({ logger: loggerOptions('debug', stream) })
  app.get('/careless', async (request) => {
    log(request.log)
    return {}
  })
  return { app, lines, parsed: () => lines.map((line) => JSON.parse(line)) }
}

describe('the log', () => {
  test('has one line a request, with its ids, its route, its status and how long it took', async () => {
    const { app, parsed } = await careless(() => {})
    const headers = { 'x-request-id': 'mine-1' }
    await app.inject({ url: '/problems/internal?verbose=1', headers })
    await app.inject({ url: '/nowhere', headers: { 'x-request-id': 'mine-2' } })
    const lines = parsed().filter(({ msg }) => msg === 'request completed')
    expect(lines).toMatchObject([
      {
        level: 30,
        requestId: 'mine-1',
        method: 'GET',
        route: '/problems/:code',
        path: '/problems/internal',
        status: 200,
        durationMs: expect.any(Number),
      },
      { requestId: 'mine-2', route: null, path: '/nowhere', status: 404 },
    ])
    expect(parsed()).toHaveLength(2)
    await app.close()
  })

  test('says nothing of those who only look whether it lives', async () => {
    const { app, lines } = await careless(() => {})
    expect((await app.inject('/livez')).statusCode).toBe(200)
    expect((await app.inject('/metrics')).statusCode).toBe(200)
    expect(lines).toEqual([])
    await app.close()
  })

  test('never has what stands in the headers of a request, or in the address of a database', async () => {
    const secrets = ['s3cret-word', `mix_01234567_${'a1'.repeat(21)}`, 'dXNlcjpwYXNz']
    const [password, key, basic] = secrets
    const url = `postgresql://mixwright:${password}@db.example:5432/mixwright?password=${password}`
    const { app, lines, parsed } = await careless((log) => {
      const error = Object.assign(new TypeError(`Invalid URL ${url}`), {
        input: url,
        headers: { authorization: `Bearer ${key}`, cookie: `session=${password}` },
        client: { ...new Client({ connectionString: url }) },
      })
      log.error({ err: error, password, nested: { Authorization: `Basic ${basic}` } }, `no ${url}`)
      log.error({ url: `redis://:${password}@cache:6379` }, `Authorization: Bearer ${key}`)
      log.error({ text: `the key ${key} is wrong` }, `Basic ${basic}`)
    })
    await app.inject({
      url: `/careless?access_token=${password}`,
      headers: { authorization: `Bearer ${key}`, cookie: `session=${password}` },
    })
    expect(parsed()).toHaveLength(4)
    for (const secret of secrets) expect(lines.join('')).not.toContain(secret)
    expect(lines.join('')).toContain('mixwright:[secret]@db.example:5432')
    await app.close()
  })
})

describe('striking secrets out', () => {
  test.each([
    ['{"password":"a\\"b"}', '{"password":"[secret]"}'],
    ['{"x-api-key" : "k"}', '{"x-api-key":"[secret]"}'],
    ['rediss://user:p%40ss@host:1/0', 'rediss://user:[secret]@host:1/0'],
    ['postgres://user@host/db', 'postgres://user@host/db'],
    ['http://127.0.0.1:8080/v1/studies', 'http://127.0.0.1:8080/v1/studies'],
    ['{"tokens":4096,"token":"abc"}', '{"tokens":4096,"token":"[secret]"}'],
    ['mix_ed up', 'mix_ed up'],
    [`the key mix_01234567_${'a1'.repeat(21)}`, 'the key mix_01234567_[secret]'],
    ['the prefix mix_01234567', 'the prefix mix_01234567'],
  ])('%s', (line, expected) => {
    expect(withoutSecrets(line)).toBe(expected)
  })
})
