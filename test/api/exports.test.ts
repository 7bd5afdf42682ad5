import { beforeAll, describe, expect, test } from 'vitest'
import { preferredType } from '../../src/api/preferred-type.js'
import { EXPORTERS } from '../../src/formats/exporters/index.js'
import { makeRuns, PROBLEM, TestClient } from './client.js'

const client = new TestClient()
const TARGET_TOKENS = 2e8

let study: string
let weights: Record<string, number>
beforeAll(async () => {
  study = await client.newStudy({ problem: { ...PROBLEM, targetTokens: TARGET_TOKENS } })
  await client.post(`${study}/imports`, { runs: makeRuns(24) })
  const { headers } = await client.newFit(study)
  expect(await client.endOf(String(headers.location))).toMatchObject({ state: 'succeeded' })
  weights = (await client.get(`${study}/recommendation`)).body.weights
})

const exportsOf = (format: string, query = '') =>
  client.get(`${study}/recommendation/exports/${format}${query}`)

function asText(request: { method: 'GET' | 'POST'; url: string; payload?: object }) {
  return client.service.app.inject({ ...request, headers: { accept: 'text/plain' } })
}

describe('GET /v1/export-formats', () => {
  test('lists every format with its options', async () => {
    const { status, body } = await client.get('/v1/export-formats')
    expect(status).toBe(200)
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual([...EXPORTERS.keys()])
    const levanter = body.items.find(({ id }: { id: string }) => id === 'levanter')
    expect(levanter).toMatchObject({ unit: 'sequences', phases: true })
    expect(levanter.optionsSchema.properties.blockSize).toMatchObject({ default: 2048 })
  })
})

describe('GET /v1/studies/{studyId}/recommendation/exports/{format}', () => {
  test.each([...EXPORTERS.keys()])('%s', async (format) => {
    const { status, headers, body } = await exportsOf(format)
    expect(status).toBe(200)
    expect(body.format).toBe(format)
    expect(headers['x-mixture-checksum']).toBe(body.checksum)
    const written = Object.keys(body.realised[0].weights)
    expect([...written, ...body.dropped].sort()).toEqual(Object.keys(weights).sort())
  })

  test('knows the tokens and caps of the study', async () => {
    const { body } = await exportsOf('json')
    const rows: { domain: string; weight: number; tokens: number }[] = JSON.parse(body.text)
    expect(rows.map(({ domain }) => domain)).toEqual(PROBLEM.domains.map(({ name }) => name))
    expect(rows.map(({ domain, weight }) => [domain, weight])).toEqual(
      rows.map(({ domain }) => [domain, weights[domain]]),
    )
    expect(rows.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(TARGET_TOKENS)
    const olmo = await exportsOf('olmo-core')
    expect(olmo.body.text).toContain('max_repetition_ratio: 4.0')
    // 1e14 tokens of a study whose domains have 5.1e9, at most four times.
    const { body: much } = await exportsOf('olmo-core', '?tokens=100000000000000')
    const codes = much.warnings.map(({ code }: { code: string }) => code)
    expect(codes).toContain('tokens-insufficient')
  })

  test('takes options from the query', async () => {
    const { body } = await exportsOf('hf-interleave', '?seed=7&stoppingStrategy=first_exhausted')
    expect(body.text).toContain('seed=7')
    expect(body.text).toContain('stopping_strategy="first_exhausted"')
    const sampled = await exportsOf('megatron', '?sequenceLength=4096')
    const samples = Math.floor(TARGET_TOKENS / 4096)
    for (const share of Object.values<number>(sampled.body.realised[0].weights)) {
      expect((share * samples) % 1).toBeCloseTo(0, 6)
    }
  })

  test('answers with the bare file when text is asked for', async () => {
    const url = `${study}/recommendation/exports/llama-factory`
    const { statusCode, headers, body } = await asText({ method: 'GET', url })
    const { body: result } = await exportsOf('llama-factory')
    expect(statusCode).toBe(200)
    expect(body).toBe(result.text)
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'attachment; filename="llama-factory-data.yaml"',
      'x-mixture-checksum': result.checksum,
      'x-export-warnings': 'unit-differs',
      vary: 'accept',
    })
  })

  test.each<[string, string, number, string, RegExp]>([
    ['a format that does not exist', 'yaml', 404, 'export-format-not-found', /olmo-core/],
    ['an option of other formats', 'doremi?seed=1', 422, 'validation-failed', /\/seed/],
    ['an option that is not right', 'levanter?blockSize=0', 400, 'malformed-request', /blockSize/],
    ['an option that no format has', 'json?sede=1', 400, 'malformed-request', /seed/],
    ['options that need another', 'levanter?targetBudget=9', 422, 'validation-failed', /together/],
  ])('refuses %s', async (_, rest, status, code, said) => {
    const { status: answered, body } = await exportsOf(rest)
    expect([answered, body.code]).toEqual([status, code])
    expect(JSON.stringify(body)).toMatch(said)
  })

  test('refuses a study without a recommendation, and one that is not there', async () => {
    const empty = await client.newStudy()
    const { body } = await client.get(`${empty}/recommendation/exports/json`)
    expect(body).toMatchObject({ status: 409, code: 'no-recommendation' })
    const missing = '/v1/studies/0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'
    const { body: none } = await client.get(`${missing}/recommendation/exports/json`)
    expect(none).toMatchObject({ status: 404, code: 'study-not-found' })
  })
})

describe('POST /v1/exports', () => {
  const mixture = { web: 0.7, code: 0.3 }

  test('writes any mixture', async () => {
    const options = { paths: { web: '/d/web_text_document', code: '/d/code_text_document' } }
    const { status, body } = await client.post('/v1/exports', {
      format: 'megatron',
      mixture,
      options,
    })
    expect(status).toBe(200)
    expect(body.text).toBe('--train-data-path 0.7 /d/web_text_document 0.3 /d/code_text_document\n')
    // printf '{"code":0.3,"web":0.7}' | sha256sum
    expect(body.checksum).toBe('eff92ecae1d43e11a2d5d1915a810162c021babc89472c39c665318e144f6372')
  })

  test('writes a schedule', async () => {
    const phases = [
      { startStep: 0, weights: mixture },
      { startStep: 9000, weights: { web: 0.5, code: 0.5 } },
    ]
    const options = { batchSize: 1024 }
    const { body } = await client.post('/v1/exports', { format: 'levanter', phases, options })
    expect(body.text).toContain('    - [9000, {web: 0.5, code: 0.5}]\n')
    expect(body.realised).toHaveLength(2)
    expect(body.warnings).toEqual([])
  })

  test('takes names that are names of fields elsewhere', async () => {
    const payload = '{"format": "doremi", "mixture": {"__proto__": 0.5, "constructor": 0.5}}'
    const answer = await client.service.app.inject({
      method: 'POST',
      url: '/v1/exports',
      headers: { 'content-type': 'application/json' },
      payload,
    })
    expect(answer.statusCode).toBe(200)
    const { text, realised } = answer.json()
    expect(Object.entries(JSON.parse(text).train_domain_weights)).toEqual([
      ['__proto__', 0.5],
      ['constructor', 0.5],
    ])
    expect(Object.keys(realised[0].weights)).toEqual(['__proto__', 'constructor'])
  })

  test('answers with the bare file when text is asked for', async () => {
    const payload = { format: 'csv', mixture }
    const { body, headers } = await asText({ method: 'POST', url: '/v1/exports', payload })
    expect(body).toBe('domain,weight\nweb,0.7\ncode,0.3\n')
    expect(headers['content-disposition']).toBe('attachment; filename="mixture.csv"')
    expect(headers).not.toHaveProperty('x-export-warnings')
  })

  test.each<[string, object, number, string, string]>([
    ['an unknown format', { format: 'x', mixture }, 404, 'export-format-not-found', ''],
    ['no mixture', { format: 'json' }, 422, 'validation-failed', ''],
    [
      'weights that do not sum to 1',
      { format: 'json', mixture: { web: 0.7 } },
      422,
      'validation-failed',
      '/mixture',
    ],
    [
      'phases where there are none',
      { format: 'doremi', phases: [{ startStep: 0, weights: mixture }] },
      422,
      'validation-failed',
      '/phases',
    ],
    [
      'an option that is not right',
      { format: 'nanotron', mixture, options: { seed: -1 } },
      422,
      'validation-failed',
      '/options/seed',
    ],
    [
      'a path with white space for Megatron',
      { format: 'megatron', mixture, options: { paths: { code: '/d/my code' } } },
      422,
      'validation-failed',
      '/options/paths/code',
    ],
    [
      'a weight above 1',
      { format: 'json', mixture: { web: 2, code: -1 } },
      422,
      'validation-failed',
      '/mixture/web',
    ],
  ])('refuses %s', async (_, payload, status, code, pointer) => {
    const { body } = await client.post('/v1/exports', payload)
    expect(body).toMatchObject({ status, code })
    if (pointer !== '') expect(body.errors[0].pointer).toBe(pointer)
  })
})

test.each([
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['text/plain', 'text/plain'],
  ['text/*', 'text/plain'],
  ['application/json', 'application/json'],
  ['text/html, */*;q=0.8', 'application/json'],
  ['text/plain;q=0.5, application/json', 'application/json'],
  ['text/plain, application/json;q=0.5', 'text/plain'],
  ['TEXT/PLAIN; charset=utf-8', 'text/plain'],
  ['application/*;q=0.1, text/plain;q=0.2', 'text/plain'],
  ['text/plain;q=0, */*', 'application/json'],
  ['text/plain;q=high', 'application/json'],
])('Accept: %s asks for %s', (accept, type) => {
  expect(preferredType(accept, 'application/json', 'text/plain')).toBe(type)
})
