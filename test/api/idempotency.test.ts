import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { InjectOptions } from 'fastify'
import { v7 as uuid } from 'uuid'
import { describe, expect, test } from 'vitest'
import { type AppOptions, buildApp } from '../../src/api/index.js'
import { MixwrightError } from '../../src/errors.js'
import type { Services } from '../../src/studies/index.js'
import { makeRuns, PROBLEM, TestClient } from './client.js'

const client = new TestClient()

const NEW_STUDY = { name: 'once', problem: PROBLEM }

const send = (url: string, key: string, payload?: object, headers = {}) =>
  client.call({ method: 'POST', url, payload, headers: { 'idempotency-key': key, ...headers } })

function signal() {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give }
}

const idOf = (url: string) => url.slice(url.lastIndexOf('/') + 1)

async function countStudies(name: string): Promise<number> {
  const { body } = await client.get('/v1/studies?limit=100')
  return body.items.filter((study: { name: string }) => study.name === name).length
}

/** Another process on the same database, as far as a request can tell. */
async function withApp<T>(
  services: Partial<Services>,
  options: Partial<AppOptions>,
  work: (ask: (request: InjectOptions) => Promise<{ status: number; body: string }>) => Promise<T>,
): Promise<T> {
  const all = { ...client.service.services, ...services }
  const app = await buildApp({ services: all, version: '0.0.0', ...options })
  try {
    return await work(async (request) => {
      const { statusCode, body } = await app.inject(request)
      return { status: statusCode, body }
    })
  } finally {
    await app.close()
  }
}

describe('a request with an Idempotency-Key', () => {
  test('is done once, and answered alike', async () => {
    const key = uuid()
    const first = await send('/v1/studies', key, { ...NEW_STUDY, name: key })
    expect(first.status).toBe(201)
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    const again = await send('/v1/studies', key, { ...NEW_STUDY, name: key })
    expect(again.headers['idempotency-replayed']).toBe('true')
    for (const name of ['location', 'etag', 'content-type'])
      expect(again.headers[name], name).toBe(first.headers[name])
    expect({ status: again.status, body: again.body }).toEqual({ status: 201, body: first.body })
    expect(again.headers['x-request-id']).not.toBe(first.headers['x-request-id'])
    expect(await countStudies(key)).toBe(1)
  })

  test('may be spelt differently, but not be another', async () => {
    const key = uuid()
    const { body } = await send('/v1/studies', key, NEW_STUDY)
    const reordered = await client.call({
      method: 'POST',
      url: '/v1/studies',
      headers: { 'idempotency-key': key, 'content-type': 'application/json' },
      payload: `\n{ "problem": ${JSON.stringify(PROBLEM, null, 2)}, "name": "once" }`,
    })
    expect(reordered.body).toEqual(body)
    const other = await send('/v1/studies', key, { ...NEW_STUDY, seed: 1 })
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } })
    const query = await send('/v1/studies?x=1', key, NEW_STUDY)
    expect(query).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } })
  })

  test('has nothing to do with one at another address', async () => {
    const key = uuid()
    const { headers } = await send('/v1/studies', key, NEW_STUDY)
    const corpus = { name: 'texts', domains: [{ name: 'web' }] }
    expect((await send('/v1/corpora', key, corpus)).status).toBe(201)
    const fit = await send(`${headers.location}/fits`, key, {})
    expect(fit).toMatchObject({ status: 422, body: { code: 'too-few-runs' } })
  })

  test('gets its refusal again, also when it would be taken by now', async () => {
    const key = uuid()
    const study = await client.newStudy()
    const refused = await send(`${study}/fits`, key, {})
    expect(refused.body.code).toBe('too-few-runs')
    await client.post(`${study}/imports`, { runs: makeRuns(6) })
    const again = await send(`${study}/fits`, key, {})
    expect(again.body).toEqual(refused.body)
    expect(again.headers['content-type']).toContain('application/problem+json')
    expect((await send(`${study}/fits`, uuid(), {})).status).toBe(202)
  })

  test('that was not valid leaves the key unused', async () => {
    const key = uuid()
    expect((await send('/v1/studies', key, { name: 'no problem' })).status).toBe(422)
    expect((await send('/v1/studies', key, NEW_STUDY)).status).toBe(201)
  })

  test.each([
    ['empty', ''],
    ['too long', 'k'.repeat(256)],
    ['with space', 'a b'],
    ['beyond ASCII', 'ké'],
  ])('is refused when the key is %s', async (_, key) => {
    const { status, body } = await send('/v1/studies', key, NEW_STUDY)
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'malformed-request' })
    expect(body.detail).toContain('idempotency-key')
  })

  test.each(['k'.repeat(255), '"8e03978e-40d5-43dd-bc93-6894a57f9324"', '!~%'])(
    'takes the key %s',
    async (key) => {
      const { body } = await send('/v1/studies', key, NEW_STUDY)
      expect((await send('/v1/studies', key, NEW_STUDY)).body).toEqual(body)
    },
  )

  test('is not done twice at the same moment', async () => {
    const key = uuid()
    const { studies } = client.service.services
    const entered = signal()
    const gate = signal()
    const create: Services['studies']['create'] = async (input) => {
      entered.give()
      await gate.given
      return studies.create(input)
    }
    await withApp({ studies: { ...studies, create } }, {}, async (ask) => {
      const request = {
        method: 'POST',
        url: '/v1/studies',
        payload: { ...NEW_STUDY, name: key },
        headers: { 'idempotency-key': key },
      } as const
      const first = ask(request)
      await entered.given
      const second = await send('/v1/studies', key, { ...NEW_STUDY, name: key })
      expect(second).toMatchObject({ status: 409, body: { code: 'idempotency-key-in-flight' } })
      expect(Number(second.headers['retry-after'])).toBeGreaterThan(0)
      gate.give()
      expect((await first).status).toBe(201)
      expect((await ask(request)).body).toBe((await first).body)
    })
    expect(await countStudies(key)).toBe(1)
  })

  test.each(['overloaded', 'internal', 'rate-limited'] as const)(
    'that was answered with %s is tried again',
    async (code) => {
      const key = uuid()
      const { studies } = client.service.services
      const refuse = async () => {
        throw new MixwrightError(code, 'Not now.')
      }
      const payload = { ...NEW_STUDY, name: key }
      const headers = { 'idempotency-key': key }
      await withApp({ studies: { ...studies, create: refuse } }, {}, async (ask) => {
        const answer = await ask({ method: 'POST', url: '/v1/studies', payload, headers })
        expect(JSON.parse(answer.body).code).toBe(code)
      })
      expect((await send('/v1/studies', key, payload)).status).toBe(201)
    },
  )
})

describe('what was made and not answered', () => {
  /** The process dies when the work is done: nothing that it would still write arrives. */
  const dying = (): Partial<Services> => {
    const { idempotency } = client.service.services
    const never = async () => {}
    return { idempotency: { ...idempotency, answer: never, release: never, renew: never } }
  }

  /** @returns what the first answer said that nobody got, and what the second does */
  async function sentTwice(url: string, payload?: object) {
    const headers = { 'idempotency-key': uuid() }
    const request = { method: 'POST', url, payload, headers } as const
    const lost = await withApp(dying(), {}, (ask) => ask(request))
    const early = await client.call(request)
    expect(early).toMatchObject({ status: 409, body: { code: 'idempotency-key-in-flight' } })
    const second = await withApp({}, { idempotencyStaleMs: -1 }, (ask) => ask(request))
    expect(second.status).toBe(lost.status)
    const replayed = await client.call(request)
    expect(replayed.headers['idempotency-replayed']).toBe('true')
    expect(replayed.body).toEqual(JSON.parse(second.body))
    return [lost, second].map(({ status, body }) => ({ status, body: JSON.parse(body) }))
  }

  test('is the same study', async () => {
    const name = uuid()
    const [lost, second] = await sentTwice('/v1/studies', { ...NEW_STUDY, name })
    expect(lost.status).toBe(201)
    expect(second).toEqual(lost)
    expect(await countStudies(name)).toBe(1)
  })

  test('is the same fit, with one job', async () => {
    const study = await client.newStudy()
    await client.post(`${study}/imports`, { runs: makeRuns(6) })
    const [lost, second] = await sentTwice(`${study}/fits`, {})
    expect(lost.status).toBe(202)
    expect(second.body.id).toBe(lost.body.id)
    const { items } = await client.service.services.jobs.list({ limit: 10, studyId: idOf(study) })
    expect(items.map(({ id }) => id)).toEqual([lost.body.id])
    await client.endOf(`/v1/jobs/${lost.body.id}`)
  })

  test('is the same corpus, source and ingestion', async () => {
    const corpus = { name: uuid(), domains: [{ name: 'web' }] }
    const [lost, second] = await sentTwice('/v1/corpora', corpus)
    expect(lost.status).toBe(201)
    expect(second).toEqual(lost)
    const url = `/v1/corpora/${lost.body.id}`
    await writeFile(path.join(client.service.sourcesFolder, 'a.txt'), 'some text\n')
    const source = { domain: 'web', path: path.join(client.service.sourcesFolder, '*.txt') }
    const sources = await sentTwice(`${url}/sources`, source)
    expect(sources[0].status).toBe(201)
    expect(sources[1]).toEqual(sources[0])
    expect((await client.get(url)).body.sources).toEqual(sources[0].body.items)
    const jobs = await sentTwice(`${url}/ingestions`)
    expect(jobs[0].status).toBe(202)
    expect(jobs[1].body.id).toBe(jobs[0].body.id)
    await client.endOf(`/v1/jobs/${jobs[0].body.id}`)
  })
})

describe('a form', () => {
  const boundary = 'form'
  const form = (...texts: string[]) => ({
    payload: [
      `--${boundary}\r\ncontent-disposition: form-data; name="domain"\r\n\r\nweb\r\n`,
      ...texts.map(
        (text, i) =>
          `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${i}.txt"\r\n\r\n${text}\r\n`,
      ),
      `--${boundary}--\r\n`,
    ].join(''),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  })

  async function newCorpus(): Promise<string> {
    const { body } = await client.post('/v1/corpora', { name: 'f', domains: [{ name: 'web' }] })
    return `/v1/corpora/${body.id}`
  }

  test('is stored once; another length is another form', async () => {
    const corpus = await newCorpus()
    const key = uuid()
    const ask = ({ payload, headers }: ReturnType<typeof form>) =>
      client.call({
        method: 'POST',
        url: `${corpus}/sources`,
        payload,
        headers: { ...headers, 'idempotency-key': key },
      })
    const first = await ask(form('one', 'two'))
    expect(first.status).toBe(201)
    const again = await ask(form('one', 'two'))
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(again.body).toEqual(first.body)
    expect(await ask(form('one', 'three'))).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    })
    const { sources } = (await client.get(corpus)).body
    expect(sources.map(({ name }: { name: string }) => name)).toEqual(['0.txt', '1.txt'])
  })

  test('whose first files were stored before the process died goes on with the others', async () => {
    const corpus = await newCorpus()
    const { corpora, idempotency } = client.service.services
    const never = async () => {}
    let left = 2
    // What was stored stays: whoever died takes nothing back.
    const addUpload: Services['corpora']['addUpload'] = async (...upload) => {
      if (left-- > 0) return corpora.addUpload(...upload)
      throw new Error('killed')
    }
    const dying = {
      corpora: { ...corpora, addUpload, removeSource: never },
      idempotency: { ...idempotency, answer: never, release: never, renew: never },
    }
    const { payload, headers } = form('one', 'two', 'three')
    const request: InjectOptions = {
      method: 'POST',
      url: `${corpus}/sources`,
      payload,
      headers: { ...headers, 'idempotency-key': uuid() },
    }
    await withApp(dying, {}, (ask) => ask(request))
    const before = (await client.get(corpus)).body.sources
    expect(before).toHaveLength(2)
    const second = await withApp({}, { idempotencyStaleMs: -1 }, (ask) => ask(request))
    expect(second.status).toBe(201)
    const { sources } = (await client.get(corpus)).body
    expect(sources).toEqual(JSON.parse(second.body).items)
    expect(sources.slice(0, 2)).toEqual(before)
    expect(sources).toHaveLength(3)
  })
})

describe('a process that is killed between the commit and the answer', () => {
  const run = promisify(execFile)
  const script = path.join(import.meta.dirname, 'killed-before-answer.mjs')

  // Two programs start one after the other, each with a database.
  const timeout = 180_000
  test('leaves a study behind, which the next one answers with', { timeout }, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'mixwright-killed-'))
    try {
      const killed = run(process.execPath, [script, folder, 'die'])
      await expect(killed).rejects.toMatchObject({ signal: 'SIGKILL' })
      const { stdout } = await run(process.execPath, [script, folder, 'live'])
      const { answer, studies } = JSON.parse(stdout)
      expect(answer.status).toBe(201)
      expect(studies).toEqual([answer.body])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

test('a key that was made by rotating another is the same caller', async () => {
  const { keys } = client.service.services
  const security = { access: 'keys' } as const
  const first = await keys.create({ name: 'a', scopes: ['write'] })
  const second = await keys.rotate(first.record.id, { overlapSeconds: 3_600 })
  const third = await keys.rotate(second.record.id, { overlapSeconds: 3_600 })
  const stranger = await keys.create({ name: 'b', scopes: ['write'] })
  const idempotencyKey = uuid()
  const payload = { ...NEW_STUDY, name: idempotencyKey }
  const ids = await withApp({}, { security }, async (ask) => {
    const made: string[] = []
    for (const { key } of [first, second, third, stranger]) {
      const headers = { authorization: `Bearer ${key}`, 'idempotency-key': idempotencyKey }
      const { status, body } = await ask({ method: 'POST', url: '/v1/studies', payload, headers })
      expect(status).toBe(201)
      made.push(JSON.parse(body).id)
    }
    return made
  })
  expect(new Set(ids.slice(0, 3)).size).toBe(1)
  expect(ids[3]).not.toBe(ids[0])
  for (const { record } of [first, second, third, stranger]) await keys.revoke(record.id)
})
