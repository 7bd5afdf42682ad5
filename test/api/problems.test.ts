import { fastify, type InjectOptions } from 'fastify'
import { Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { problems } from '../../src/api/plugins/problems.js'
import { RouteTable } from '../../src/api/plugins/route-table.js'
import { serialization } from '../../src/api/plugins/serialization.js'
import { ERRORS, type ErrorCode, MixwrightError } from '../../src/errors.js'
import { appBeforeServices } from './support.js'

const ID = '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'
const json = { 'content-type': 'application/json' }

let app: Awaited<ReturnType<typeof appBeforeServices>>
beforeAll(async () => {
  app = await appBeforeServices({ limits: { bodyBytes: 10_000 } })
})
afterAll(() => app.close())

async function refusalOf(request: InjectOptions | string, code: ErrorCode) {
  const response = await app.inject(request)
  expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  const problem = response.json()
  expect(problem).toMatchObject({ code, ...ERRORS[code], type: `/problems/${code}` })
  expect(response.statusCode).toBe(ERRORS[code].status)
  expect(problem.requestId).toBe(response.headers['x-request-id'])
  return { response, problem }
}

describe('a request that cannot be served is answered by a problem document:', () => {
  test('an address that does not exist', async () => {
    const { problem } = await refusalOf('/v1/nothing?x=1', 'route-not-found')
    expect(problem.instance).toBe('/v1/nothing?x=1')
  })

  test.each([
    ['PUT', '/v1/studies', 'GET, HEAD, POST'],
    ['PUT', `/v1/studies/${ID}`, 'DELETE, GET, HEAD, PATCH'],
    ['PUT', `/v1/jobs/${ID}`, 'DELETE, GET, HEAD'],
    ['GET', `/v1/studies/${ID}/trials/${ID}/checkpoint`, 'DELETE'],
    ['POST', '/livez', 'GET, HEAD'],
    ['GET', '/v1/recommendations', 'POST'],
  ] as const)('%s on %s, which takes %s', async (method, url, allow) => {
    const { response } = await refusalOf({ method, url }, 'method-not-allowed')
    expect(response.headers.allow).toBe(allow)
  })

  test.each([
    ['{"name": "a"', 'position 12'],
    ['{"name": NaN}', "'N'"],
    ['[1, 2,]', "']'"],
    ['', 'Unexpected end'],
    [Buffer.from('{"name": "caf\xe9"}', 'latin1'), 'UTF-8'],
  ])('a body that is not JSON, with the place where it is not: %s', async (payload, place) => {
    const request = { method: 'POST', url: '/v1/studies', headers: json, payload } as const
    const { problem } = await refusalOf(request, 'malformed-request')
    expect(problem.detail).toContain(place)
  })

  test.each(['__proto__', 'constructor'])('a body with a field called %s', async (name) => {
    const payload = `{"name": "x", "${name}": {"prototype": {"admin": true}}}`
    const request = { method: 'POST', url: '/v1/studies', headers: json, payload } as const
    const { problem } = await refusalOf(request, 'validation-failed')
    expect(problem.errors).toContainEqual({
      pointer: `/${name}`,
      detail: expect.stringContaining('not known'),
    })
  })

  test('a body that is compressed', async () => {
    const headers = { ...json, 'content-encoding': 'gzip' }
    const request = { method: 'POST', url: '/v1/studies', headers, payload: '{}' } as const
    const { problem } = await refusalOf(request, 'unsupported-media-type')
    expect(problem.detail).toContain('gzip')
  })

  test('a file that the documentation does not have', async () => {
    await refusalOf('/docs/static/..%2f..%2fpackage.json', 'route-not-found')
  })

  test.each([
    'text/plain',
    'text/csv',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'nonsense',
  ])('a content type that is not taken: %s', async (type) => {
    const request = { method: 'POST', url: '/v1/studies', payload: 'x' } as const
    const { problem } = await refusalOf(
      { ...request, headers: { 'content-type': type } },
      'unsupported-media-type',
    )
    expect(problem.detail).toContain('application/json')
  })

  test('a content type that an import does not take; both that it takes are named', async () => {
    const request = { method: 'POST', url: `/v1/studies/${ID}/imports`, payload: 'a,b' } as const
    const { problem } = await refusalOf(
      { ...request, headers: { 'content-type': 'text/csv' } },
      'unsupported-media-type',
    )
    expect(problem.detail).toContain('application/json or multipart/form-data')
  })

  test('a body without a content type', async () => {
    const request = { method: 'POST', url: '/v1/studies', payload: Buffer.from('{}') } as const
    await refusalOf(request, 'unsupported-media-type')
  })

  test.each(['/v1/studies', `/v1/studies/${ID}/imports`])('no body at all at %s', async (url) => {
    const { problem } = await refusalOf({ method: 'POST', url }, 'validation-failed')
    expect(problem.detail).toBe('The request has no body.')
  })

  test('a body beyond the limit', async () => {
    const payload = JSON.stringify({ name: 'x'.repeat(10_000) })
    const request = { method: 'POST', url: '/v1/studies', headers: json, payload } as const
    const { problem } = await refusalOf(request, 'body-too-large')
    expect(problem.detail).toContain('9.77 KiB')
  })

  test.each([
    ['/v1/studies/7', 'study-not-found'],
    ['/v1/studies/7/recommendation', 'study-not-found'],
    [`/v1/studies/${ID}/fits/latest`, 'fit-not-found'],
    ['/v1/jobs/abc', 'job-not-found'],
    [`/v1/jobs/${ID}%00`, 'job-not-found'],
    ['/problems/nothing', 'route-not-found'],
  ] as const)('an id of the wrong form: %s', async (url, code) => {
    await refusalOf(url, code)
  })

  test.each([
    '/v1/studies?cursor=abc',
    `/v1/studies?cursor=${'%F0%9F'}`,
    `/v1/jobs?cursor=${Buffer.from('[1,"[]","x"]').toString('base64url')}`,
  ])('a malformed cursor: %s', async (url) => {
    const { problem } = await refusalOf(url, 'malformed-cursor')
    expect(problem.fix).toContain('pagination.cursor')
  })

  test.each([
    ['/v1/studies?limit=0', /`limit`: Must be at least 1; got 0/],
    ['/v1/studies?limit=many', /`limit`: Must be a whole number; got the text "many"/],
    ['/v1/studies?limit=1.5', /`limit`/],
    ['/v1/studies?limit=5&limit=6', /`limit`/],
    ['/v1/studies?lable=a:b', /`lable`: The field is not known; did you mean "label"/],
    ['/v1/studies?label=team', /`label`/],
    ['/v1/jobs?studyId=7', /`studyId`: Must be a uuid/],
  ])('a query that is not right: %s', async (url, detail) => {
    const { problem } = await refusalOf(url, 'malformed-request')
    expect(problem.detail).toMatch(detail)
  })

  test('an address that is not percent-encoded text', async () => {
    await refusalOf('/v1/studies/%ff', 'malformed-request')
  })

  test('an address with an endless part', async () => {
    await refusalOf(`/v1/studies/${'a'.repeat(5000)}`, 'route-not-found')
  })
})

describe('a study that is not right', () => {
  const study = {
    name: 'a',
    problem: { domains: [{ name: 'web' }, { name: 'code' }], metrics: [{ name: 'loss' }] },
  }
  const { domains } = study.problem

  test.each([
    [
      'a number as text',
      { problem: { ...study.problem, targetTokens: '0.5' } },
      '/problem/targetTokens',
    ],
    ['an unknown field', { owner: 'me' }, '/owner'],
    [
      'an unknown field inside',
      { problem: { ...study.problem, domains: [...domains, { name: 'x', token: 1 }] } },
      '/problem/domains/2/token',
    ],
    ['a seed that is no whole number', { seed: 1.5 }, '/seed'],
    [
      'an infinite number',
      { problem: { ...study.problem, targetTokens: 'INFINITE' } },
      '/problem/targetTokens',
    ],
    ['a label name with a colon', { labels: { 'a:b': 'c' } }, '/labels/a:b'],
    ['text that cannot be stored', { name: 'a\0b' }, '/name'],
  ])('is refused with the field at fault: %s', async (_name, changes, pointer) => {
    const payload = JSON.stringify({ ...study, ...changes }).replace('"INFINITE"', '1e999')
    const request = { method: 'POST', url: '/v1/studies', headers: json, payload } as const
    const { problem } = await refusalOf(request, 'validation-failed')
    expect(problem.errors.map((field: { pointer: string }) => field.pointer)).toEqual([pointer])
  })
})

describe('request ids', () => {
  test('are taken from the caller, when they can be written to headers and logs', async () => {
    const headers = { 'x-request-id': 'trace-1/abc' }
    const { problem } = await refusalOf({ url: '/nothing', headers }, 'route-not-found')
    expect(problem.requestId).toBe('trace-1/abc')
  })

  test.each(['with space', 'x'.repeat(200), '<script>'])(
    'are made here for "%s"',
    async (given) => {
      const headers = { 'x-request-id': given }
      const { problem } = await refusalOf({ url: '/nothing', headers }, 'route-not-found')
      expect(problem.requestId).toMatch(/^[0-9a-f-]{36}$/)
    },
  )
})

describe('what goes wrong on our side', () => {
  async function appThat(handler: () => unknown) {
    const lines: string[] = []
    const logger = { stream: { write: (line: string) => void lines.push(line) } }
    const small = fastify({ logger })
    await small.register(serialization)
    await small.register(problems)
    const response = { 200: Type.Object({ value: Type.Number() }, { additionalProperties: false }) }
    small.get('/', { schema: { response } }, async () => handler())
    const answer = await small.inject('/')
    await small.close()
    return { answer, log: lines.join('') }
  }

  test('is hidden from the caller and written to the log', async () => {
    const { answer, log } = await appThat(() => {
      throw new Error('password=secret')
    })
    expect(answer.statusCode).toBe(500)
    expect(answer.json()).toMatchObject({ code: 'internal' })
    expect(answer.body).not.toContain('secret')
    expect(log).toContain('password=secret')
  })

  test('is a 500 when an answer holds a number that JSON cannot, not a null', async () => {
    const { answer, log } = await appThat(() => ({ value: Number.NaN }))
    expect(answer.json()).toMatchObject({ status: 500, code: 'internal' })
    expect(log).toContain('NaN')
  })

  test('does not keep an answer from the caller that departs from its schema, but is logged', async () => {
    const { answer, log } = await appThat(() => ({ value: 1, more: 2 }))
    expect(answer.json()).toEqual({ value: 1, more: 2 })
    expect(log).toContain('departs from its schema')
    expect(log).toContain('/more')
  })

  test('says when to come back, where that helps', async () => {
    const { answer } = await appThat(() => {
      throw new MixwrightError('overloaded', 'All threads are busy.')
    })
    expect(answer.statusCode).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(answer.json().detail).toBe('All threads are busy.')
  })
})

describe('the catalogue of errors', () => {
  test.each(Object.keys(ERRORS) as ErrorCode[])('explains %s at its address', async (code) => {
    const response = await app.inject(`/problems/${code}`)
    expect(response.json()).toEqual({ type: `/problems/${code}`, code, ...ERRORS[code] })
  })

  test('is listed', async () => {
    const { items } = (await app.inject('/problems')).json()
    expect(items.map(({ code }: { code: string }) => code)).toEqual(Object.keys(ERRORS))
  })
})

test('the table of routes tells a missing address from a wrong method', () => {
  const table = new RouteTable()
  table.add(['GET'], '/a/:id')
  table.add(['POST'], '/a/:id')
  table.add(['GET'], '/docs/*')
  expect(table.methodsOf('/a/7?x=/b')).toEqual(['GET', 'POST'])
  expect(table.methodsOf('/a/')).toEqual([])
  expect(table.methodsOf('/a/7/b')).toEqual([])
  expect(table.methodsOf('/docs/static/x.js')).toEqual(['GET'])
})

test('the address / leads to the documentation, which is served', async () => {
  const response = await app.inject('/')
  expect(response.headers.location).toBe('/docs')
  expect((await app.inject('/docs/')).statusCode).toBe(200)
  expect((await app.inject('/docs/json')).json().info.title).toBe('Mixwright')
})

test('a process that answers is live', async () => {
  expect((await app.inject('/livez')).json()).toEqual({ status: 'live' })
})
