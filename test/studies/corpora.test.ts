import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CorpusSettings } from '../../src/corpora/types.js'
import { MixwrightError } from '../../src/errors.js'
import { createDataFolder } from '../../src/store/data-folder.js'
import type { CorpusService } from '../../src/studies/corpora.js'
import { DEFAULT_CORPUS_SETTINGS } from '../../src/studies/corpus-settings.js'
import { manifest } from '../store/support/proxies.js'
import { corpusProblem, openServices, type ServicePlace } from './support.js'

let place: ServicePlace
let corpora: CorpusService
let sources: string
beforeAll(async () => {
  place = await openServices()
  sources = path.join(place.folder, 'sources')
  mkdirSync(path.join(sources, 'web'), { recursive: true })
  writeFileSync(path.join(sources, 'web', 'a.jsonl'), '{"text":"hello"}\n')
  writeFileSync(path.join(place.folder, 'secret.jsonl'), '{"text":"secret"}\n')
  symlinkSync(path.join(place.folder, 'secret.jsonl'), path.join(sources, 'link.jsonl'))
  corpora = place.servicesWith({ allowedFolders: [sources] }).corpora
})
afterAll(() => place.close())

const create = (domains = ['web', 'code'], settings?: Partial<CorpusSettings>) =>
  corpora.create({ name: 'texts', domains: domains.map((name) => ({ name })), settings })

async function refusal(work: Promise<unknown>): Promise<MixwrightError> {
  const error = await work.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(MixwrightError)
  return error as MixwrightError
}

const upload = (corpusId: string, domain = 'web', text = '{"text":"x"}\n') =>
  corpora.addUpload(corpusId, { domain, name: 'x.jsonl' }, Readable.from([Buffer.from(text)]))

describe('creating a corpus', () => {
  test('writes the defaults of its settings out', async () => {
    const view = await create(['web'], { validationFraction: 0.2, tokenizer: undefined })
    expect(view.corpus).toMatchObject({
      name: 'texts',
      settings: { ...DEFAULT_CORPUS_SETTINGS, validationFraction: 0.2 },
      domains: [{ name: 'web', licence: null, source: null }],
      ingestionId: null,
      retentionDays: null,
    })
    expect(await corpora.get(view.corpus.id)).toEqual(view)
  })

  test('refuses domains without a name or with the same one, by their place', async () => {
    expect(
      (await refusal(create(['web', ' ', 'web']))).errors.map(({ pointer }) => pointer),
    ).toEqual(['/domains/2/name', '/domains/1/name'])
    expect((await refusal(create([]))).errors).toMatchObject([{ pointer: '/domains' }])
  })

  test.each([
    [{ validationFraction: 0 }, '/settings/validationFraction'],
    [{ validationFraction: 0.6 }, '/settings/validationFraction'],
    [{ maxDocumentBytes: 0.5 }, '/settings/maxDocumentBytes'],
    [{ tokenizerSampleBytes: 0 }, '/settings/tokenizerSampleBytes'],
    [{ tokenizer: { kind: 'bpe', vocabularySize: 100 } }, '/settings/tokenizer/vocabularySize'],
    [{ tokenizer: { kind: 'huggingface', json: '{"model":1}' } }, '/settings/tokenizer/json'],
  ] as [Partial<CorpusSettings>, string][])('refuses %j at %s', async (settings, pointer) => {
    expect(await refusal(create(['web'], settings))).toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer }],
    })
  })

  test('lists corpora, newest first, in pages', async () => {
    const [older, newer] = [await create(), await create()]
    const page = await corpora.list({ limit: 2 })
    expect(page.items.map(({ id }) => id)).toEqual([newer.corpus.id, older.corpus.id])
    expect(page.hasMore).toBe(true)
  })
})

describe('sources', () => {
  test('an upload is stored as it comes, with its size and hash', async () => {
    const { corpus } = await create()
    const source = await upload(corpus.id, 'web', 'hello')
    expect(source).toMatchObject({
      kind: 'upload',
      domain: 'web',
      name: 'x.jsonl',
      format: 'auto',
      textField: 'text',
      bytes: 5,
      contentHash: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
    })
    expect(existsSync(place.dataFolder.uploadFile(corpus.id, source.id))).toBe(true)
    expect((await corpora.get(corpus.id)).sources).toEqual([source])
  })

  test('an upload that breaks off leaves neither a source nor a file', async () => {
    const { corpus } = await create()
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('half')
        throw new Error('the connection was lost')
      })(),
    )
    const adding = corpora.addUpload(corpus.id, { domain: 'web', name: 'x' }, broken)
    await expect(adding).rejects.toThrow('the connection was lost')
    expect((await corpora.get(corpus.id)).sources).toEqual([])
    const left = (await place.dataFolder.uploads()).filter(({ corpusId }) => corpusId === corpus.id)
    expect(left).toEqual([])
  })

  test('an upload that outgrows the quota is refused, and nothing is left of it', async () => {
    const dataFolder = createDataFolder(path.join(place.folder, 'small'), { quotaBytes: 10 })
    const { corpora } = place.servicesWith({ dataFolder })
    const { corpus } = await create()
    const content = Readable.from([Buffer.alloc(8), Buffer.alloc(8)])
    const adding = corpora.addUpload(corpus.id, { domain: 'web', name: 'x' }, content)
    expect(await refusal(adding)).toMatchObject({ code: 'quota-exceeded' })
    expect(await dataFolder.uploads()).toEqual([])
    expect((await corpora.get(corpus.id)).sources).toEqual([])
  })

  test('an upload into a corpus that is deleted meanwhile finds none, and leaves no file', async () => {
    const { corpus } = await create()
    const slow = Readable.from(
      (async function* () {
        yield Buffer.from('half')
        await corpora.delete(corpus.id)
        yield Buffer.from('whole')
      })(),
    )
    const adding = corpora.addUpload(corpus.id, { domain: 'web', name: 'x' }, slow)
    expect(await refusal(adding)).toMatchObject({ code: 'corpus-not-found' })
    const left = (await place.dataFolder.uploads()).filter(({ corpusId }) => corpusId === corpus.id)
    expect(left).toEqual([])
  })

  test('a path is looked at when it is added: it must be there, and in an allowed folder', async () => {
    const { corpus } = await create()
    const add = (given: string) => corpora.addPath(corpus.id, { domain: 'web', path: given })
    expect(await add(path.join(sources, 'web'))).toMatchObject({
      kind: 'path',
      path: path.join(sources, 'web'),
      bytes: null,
    })
    expect(await refusal(add(path.join(place.folder, 'secret.jsonl')))).toMatchObject({
      code: 'source-forbidden',
    })
    expect(await refusal(add(path.join(sources, 'link.jsonl')))).toMatchObject({
      code: 'source-forbidden',
    })
    expect(await refusal(add(path.join(sources, 'nothing')))).toMatchObject({
      code: 'source-unreadable',
    })
    const closed = place.services.corpora.addPath(corpus.id, { domain: 'web', path: sources })
    expect(await refusal(closed)).toMatchObject({ code: 'source-forbidden' })
    expect((await corpora.get(corpus.id)).sources).toHaveLength(1)
  })

  test('a source of a domain that the corpus lacks is refused', async () => {
    const { corpus } = await create()
    expect(await refusal(upload(corpus.id, 'mail'))).toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer: '/domain', detail: '"mail" is not among web, code.' }],
    })
  })

  test('can be removed, with their files, but not while an ingestion reads them', async () => {
    const { corpus } = await create(['web'])
    const [first, second] = [await upload(corpus.id), await upload(corpus.id)]
    await corpora.removeSource(corpus.id, first.id)
    expect(existsSync(place.dataFolder.uploadFile(corpus.id, first.id))).toBe(false)
    expect(await refusal(corpora.removeSource(corpus.id, first.id))).toMatchObject({
      code: 'source-not-found',
    })
    await corpora.ingest(corpus.id)
    expect(await refusal(corpora.removeSource(corpus.id, second.id))).toMatchObject({
      code: 'corpus-busy',
    })
    expect(existsSync(place.dataFolder.uploadFile(corpus.id, second.id))).toBe(true)
  })
})

describe('an ingestion', () => {
  test('is queued with the sources of that moment, once at a time', async () => {
    const { corpus } = await create(['web'])
    const source = await upload(corpus.id)
    const { ingestion, job } = await corpora.ingest(corpus.id)
    expect(ingestion).toMatchObject({ sourceIds: [source.id], manifest: null, jobId: job.id })
    expect(job).toMatchObject({ kind: 'ingest', state: 'queued', subjectId: ingestion.id })
    expect(place.rung).toContainEqual(['ingest', job.id])
    expect(await corpora.get(corpus.id)).toMatchObject({
      job: { id: job.id },
      ingestion: undefined,
    })
    expect(await refusal(corpora.ingest(corpus.id))).toMatchObject({ code: 'corpus-busy' })
    expect(await refusal(corpora.delete(corpus.id))).toMatchObject({ code: 'corpus-busy' })
    expect(await corpora.ingestion(corpus.id, ingestion.id)).toEqual(ingestion)
    expect(await corpora.corpusOf(ingestion.id)).toBe(corpus.id)
    await place.store.jobs.claim(job.id, 'ingester', new Date(0))
    await place.store.corpora.finishIngestion(ingestion.id, 'ingester', manifest)
    expect(await corpora.get(corpus.id)).toMatchObject({
      job: undefined,
      ingestion: { id: ingestion.id, manifest: { hash: manifest.hash } },
    })
  })

  test('needs a source for every domain, and room', async () => {
    const { corpus } = await create()
    await upload(corpus.id)
    expect(await refusal(corpora.ingest(corpus.id))).toMatchObject({
      code: 'corpus-empty',
      message: 'These domains have no source: "code".',
    })
    await upload(corpus.id, 'code')
    const full = createDataFolder(place.dataFolder.root, { quotaBytes: 1, usageMs: 0 })
    const { corpora: bounded } = place.servicesWith({ dataFolder: full })
    expect(await refusal(bounded.ingest(corpus.id))).toMatchObject({ code: 'quota-exceeded' })
  })

  test('is refused at once when a folder is no longer allowed', async () => {
    const { corpus } = await create(['web'])
    await corpora.addPath(corpus.id, { domain: 'web', path: sources })
    expect(await refusal(place.services.corpora.ingest(corpus.id))).toMatchObject({
      code: 'source-forbidden',
    })
  })
})

describe('deleting a corpus', () => {
  test('removes its files after its rows', async () => {
    const { corpus } = await create(['web'])
    const source = await upload(corpus.id)
    await corpora.delete(corpus.id)
    expect(existsSync(place.dataFolder.uploadFile(corpus.id, source.id))).toBe(false)
    expect(await refusal(corpora.get(corpus.id))).toMatchObject({ code: 'corpus-not-found' })
  })

  test('is refused while studies use it, by their names', async () => {
    const problem = await corpusProblem(place.store)
    const study = await place.services.studies.create({ name: 'my study', problem })
    expect(await refusal(corpora.delete(problem.corpus))).toMatchObject({
      code: 'corpus-in-use',
      message: expect.stringContaining(`"my study" (${study.id})`),
    })
    await place.services.studies.delete(study.id)
    await corpora.delete(problem.corpus)
  })
})
