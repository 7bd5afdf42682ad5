import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { jsonlTexts } from '../support/texts.js'
import { TestClient } from './client.js'

const ID = '0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60'
const client = new TestClient()

const corpus = (changes: object = {}) => ({
  name: 'texts',
  domains: [{ name: 'web' }, { name: 'code' }],
  ...changes,
})

async function newCorpus(changes: object = {}): Promise<string> {
  const { status, body } = await client.post('/v1/corpora', corpus(changes))
  expect(status).toBe(201)
  return `/v1/corpora/${body.id}`
}

describe('a corpus', () => {
  test('is created with its defaults written out', async () => {
    const given = corpus({
      labels: { team: 'data' },
      domains: [
        { name: 'web', licence: 'CC0-1.0', source: 'https://example.org' },
        { name: 'code' },
      ],
      retentionDays: 30,
    })
    const { status, headers, body } = await client.post('/v1/corpora', given)
    expect(status).toBe(201)
    expect(headers.location).toBe(`/v1/corpora/${body.id}`)
    expect(body).toMatchObject({
      name: 'texts',
      labels: { team: 'data' },
      domains: [
        { name: 'web', licence: 'CC0-1.0', source: 'https://example.org' },
        { name: 'code', licence: null, source: null },
      ],
      settings: { tokenizer: { kind: 'bpe', vocabularySize: 2048 }, invalidDocuments: 'refuse' },
      retentionDays: 30,
      ingestionId: null,
      sources: [],
      ingestion: null,
      job: null,
    })
    expect((await client.get(String(headers.location))).body).toEqual(body)
  })

  test.each<[string, object, string]>([
    ['no domain', { domains: [] }, '/domains'],
    ['a domain twice', { domains: [{ name: 'a' }, { name: 'a' }] }, '/domains'],
    [
      'a setting out of range',
      { settings: { validationFraction: 0.9 } },
      '/settings/validationFraction',
    ],
    [
      'a vocabulary that has no room for bytes',
      { settings: { tokenizer: { kind: 'bpe', vocabularySize: 100 } } },
      '/settings/tokenizer/vocabularySize',
    ],
    [
      'a tokenizer that is none',
      { settings: { tokenizer: { kind: 'huggingface', json: '{}' } } },
      '/settings/tokenizer',
    ],
    ['an unknown setting', { settings: { vocabulary: 5 } }, '/settings/vocabulary'],
  ])('with %s is refused', async (_name, changes, pointer) => {
    const { status, body } = await client.post('/v1/corpora', corpus(changes))
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'validation-failed' })
    expect(body.errors[0].pointer.startsWith(pointer)).toBe(true)
  })

  test.each([
    ['GET', `/v1/corpora/${ID}`, 'corpus-not-found'],
    ['GET', '/v1/corpora/7', 'corpus-not-found'],
    ['DELETE', `/v1/corpora/${ID}`, 'corpus-not-found'],
    ['POST', `/v1/corpora/${ID}/ingestions`, 'corpus-not-found'],
    ['GET', `/v1/corpora/${ID}/ingestions/${ID}`, 'corpus-not-found'],
    ['DELETE', `/v1/corpora/${ID}/sources/${ID}`, 'corpus-not-found'],
  ] as const)('that is not there: %s %s', async (method, url, code) => {
    const { status, body } = await client.call({ method, url })
    expect({ status, code: body.code }).toEqual({ status: 404, code })
  })

  test('without text in a domain is not ingested', async () => {
    const { status, body } = await client.post(`${await newCorpus()}/ingestions`)
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'corpus-empty' })
  })

  test('is deleted', async () => {
    const address = await newCorpus()
    expect((await client.delete(address)).status).toBe(204)
    expect((await client.get(address)).status).toBe(404)
  })
})

test('corpora are listed page by page, newest first', async () => {
  const made: string[] = []
  for (let i = 0; i < 5; i++) made.unshift((await newCorpus({ name: `c${i}` })).split('/').at(-1)!)
  const seen: string[] = []
  let cursor: string | null = ''
  do {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`
    const { body } = await client.get(`/v1/corpora?limit=2${query}`)
    expect(body.items.length).toBeLessThanOrEqual(2)
    seen.push(...body.items.map(({ id }: { id: string }) => id))
    cursor = body.pagination.cursor
  } while (cursor !== null)
  expect(seen.slice(0, 5)).toEqual(made)
  expect(new Set(seen).size).toBe(seen.length)
})

describe('files that the service can read by itself', () => {
  test('are named by their path, in an allowed folder', async () => {
    const address = await newCorpus()
    const folder = path.join(client.service.sourcesFolder, 'web')
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'a.jsonl'), '{"text": "one"}\n')
    const source = { domain: 'web', path: `${folder}/*.jsonl` }
    const { status, body } = await client.post(`${address}/sources`, source)
    expect(status).toBe(201)
    expect(body.items).toMatchObject([
      { domain: 'web', kind: 'path', name: source.path, bytes: null, contentHash: null },
    ])
    expect((await client.get(address)).body.sources).toEqual(body.items)
    const removed = await client.delete(`${address}/sources/${body.items[0].id}`)
    expect(removed.status).toBe(204)
    const again = await client.delete(`${address}/sources/${body.items[0].id}`)
    expect(again.body.code).toBe('source-not-found')
  })

  test('are refused outside of the allowed folders', async () => {
    const address = await newCorpus()
    for (const outside of ['/etc/passwd', `${client.service.sourcesFolder}/../data`]) {
      const { status, body } = await client.post(`${address}/sources`, {
        domain: 'web',
        path: outside,
      })
      expect({ status, code: body.code }).toEqual({ status: 422, code: 'source-forbidden' })
    }
    expect((await client.get(address)).body.sources).toEqual([])
  })

  test.each<[string, object, string]>([
    ['without a path', { domain: 'web' }, '/path'],
    ['without a domain', { path: '/x' }, '/domain'],
    ['with an unknown format', { domain: 'web', path: '/x', format: 'xml' }, '/format'],
    ['for a domain that the corpus lacks', { domain: 'books', path: '/x' }, '/domain'],
  ])('%s are refused', async (_name, source, pointer) => {
    const { status, body } = await client.post(`${await newCorpus()}/sources`, source)
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'validation-failed' })
    expect(body.errors).toMatchObject([{ pointer }])
  })
})

test('an ingestion is a job, whose result is the ingestion with its counts', async () => {
  const id = await client.newCorpus({
    web: jsonlTexts('the web is wide and full of words', 40),
    code: jsonlTexts('let const function return if else', 40),
  })
  const { body } = await client.get(`/v1/corpora/${id}`)
  expect(body).toMatchObject({ job: null, ingestionId: body.ingestion.id })
  const counts = body.ingestion.manifest.domains
  for (const { train, validation } of counts) {
    expect(train.documents + validation.documents).toBe(40)
    expect(validation.documents).toBeGreaterThan(0)
  }
  const job = (await client.get(`/v1/jobs/${body.ingestion.jobId}`)).body
  const result = `/v1/corpora/${id}/ingestions/${body.ingestion.id}`
  expect(job).toMatchObject({ kind: 'ingest', studyId: null, state: 'succeeded', result })
  expect((await client.get(result)).body).toEqual(body.ingestion)
  const listed = (await client.get('/v1/jobs?limit=100')).body.items
  expect(listed.find((item: { id: string }) => item.id === job.id)).toEqual(job)
  expect((await client.delete(`/v1/jobs/${job.id}`)).status).toBe(204)
  expect((await client.get(`/v1/jobs/${job.id}`)).body.code).toBe('job-not-found')
  expect((await client.get(result)).body).toEqual(body.ingestion)
  expect((await client.get(`/v1/corpora/${id}`)).body).toEqual(body)
  const other = await newCorpus()
  const foreign = await client.get(`${other}/ingestions/${body.ingestion.id}`)
  expect(foreign.body.code).toBe('ingestion-not-found')
})
