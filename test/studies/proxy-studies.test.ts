import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MixwrightError } from '../../src/errors.js'
import { completeProxySpec } from '../../src/training/index.js'
import { ingest, manifest, newCorpus } from '../store/support/proxies.js'
import {
  corpusProblem,
  FIDELITY,
  ingestedCorpus,
  openServices,
  PROXY,
  type ServicePlace,
} from './support.js'

let place: ServicePlace
beforeAll(async () => {
  place = await openServices()
})
afterAll(() => place.close())

const create = (problem: Parameters<ServicePlace['services']['studies']['create']>[0]['problem']) =>
  place.services.studies.create({ name: 'a study', problem })

async function refusal(work: Promise<unknown>): Promise<MixwrightError> {
  const error = await work.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(MixwrightError)
  return error as MixwrightError
}

describe('a study on a corpus', () => {
  test('takes domains, token counts and metrics from the corpus, and pins the ingestion', async () => {
    const asked = await corpusProblem(place.store)
    const study = await create(asked)
    const corpus = await place.store.corpora.get(asked.corpus)
    expect(study).toMatchObject({ corpusId: asked.corpus, ingestionId: corpus?.ingestionId })
    expect(study.problem).toMatchObject({
      corpus: { id: asked.corpus, ingestion: corpus?.ingestionId, hash: manifest.hash },
      domains: [
        { name: 'web', tokens: 300 },
        { name: 'code', tokens: 300 },
      ],
      metrics: [
        { name: 'loss/web', direction: 'minimize', unit: 'nats/token' },
        { name: 'loss/code', direction: 'minimize', unit: 'nats/token' },
      ],
    })
  })

  test('has every default of its proxies written out', async () => {
    const study = await create(await corpusProblem(place.store))
    const complete = completeProxySpec(PROXY)
    expect(Object.keys(complete).length).toBeGreaterThan(Object.keys(PROXY).length)
    expect(study.problem.fidelities[0].proxy).toEqual(complete)
  })

  test('keeps what was given: some of the domains in their own order, other token counts, some of the metrics', async () => {
    const study = await create(
      await corpusProblem(place.store, {
        domains: [{ name: 'code', tokens: 5e9 }, { name: 'web' }],
        metrics: [{ name: 'loss/code' }],
      }),
    )
    expect(study.problem.domains).toEqual([
      { name: 'code', tokens: 5e9 },
      { name: 'web', tokens: 300 },
    ])
    expect(study.problem.metrics).toEqual([{ name: 'loss/code', direction: 'minimize' }])
  })

  test('keeps its ingestion when the corpus is ingested again', async () => {
    const asked = await corpusProblem(place.store)
    const study = await create(asked)
    const corpus = await place.store.corpora.get(asked.corpus)
    const newer = await ingest(place.store, corpus!)
    expect((await place.store.corpora.get(asked.corpus))?.ingestionId).toBe(newer.id)
    expect((await place.store.studies.get(study.id))?.ingestionId).toBe(corpus?.ingestionId)
    expect(await place.store.corpora.supersededIngestions()).toEqual([])
  })

  test('is refused while the corpus has no finished ingestion, and for a corpus that is not there', async () => {
    const corpus = await place.store.corpora.insert(newCorpus())
    const unready = await refusal(create({ corpus: corpus.id, fidelities: [FIDELITY] }))
    expect(unready).toMatchObject({ code: 'corpus-not-ready' })
    const id = '0199f3b2-0000-7000-8000-000000000000'
    const missing = await refusal(create({ corpus: id, fidelities: [FIDELITY] }))
    expect(missing).toMatchObject({ code: 'corpus-not-found' })
  })

  test('is refused with domains that the corpus lacks, by their place', async () => {
    const asked = await corpusProblem(place.store, { domains: [{ name: 'web' }, { name: 'mail' }] })
    expect(await refusal(create(asked))).toMatchObject({
      code: 'validation-failed',
      errors: [
        {
          pointer: '/problem/domains/1/name',
          detail: 'The corpus has no domain "mail"; its domains are web, code.',
        },
      ],
    })
  })

  test.each([
    { context: 14, short: [] },
    // 30 validation tokens are less than two sequences of 15 and the token after them.
    { context: 15, short: ['validation', 'validation'] },
    { context: 300, short: ['training', 'validation', 'training', 'validation'] },
  ])('with a context of $context tokens lacks text in $short', async ({ context, short }) => {
    const proxy = { ...PROXY, model: { ...PROXY.model, context } }
    const asked = await corpusProblem(place.store, { fidelities: [{ ...FIDELITY, proxy }] })
    if (short.length === 0) {
      expect(await create(asked)).toMatchObject({ corpusId: asked.corpus })
      return
    }
    const error = await refusal(create(asked))
    expect(error.code).toBe('domain-too-small')
    expect(error.errors.map(({ detail }) => /\d+ (\w+) tokens/.exec(detail)?.[1])).toEqual(short)
    expect(error.errors[0]).toMatchObject({ pointer: '/problem/domains/0' })
    expect(error.message).toContain('"web" has')
  })

  test('names a domain that has nothing but duplicates', async () => {
    const [web, code] = manifest.domains
    const train = { documents: 0, bytes: 0, tokens: 0 }
    const { id: corpus } = await ingestedCorpus(place.store, {
      ...manifest,
      domains: [web, { ...code, train, duplicates: 7 }],
    })
    expect(await refusal(create({ corpus, fidelities: [FIDELITY] }))).toMatchObject({
      code: 'domain-too-small',
      message: expect.stringMatching(/^"code" has no training tokens: .* 7 are duplicates/),
      errors: [{ pointer: '/problem/domains/1' }],
    })
  })

  test('asks for no training text of a domain that is only measured', async () => {
    const [web, code] = manifest.domains
    const train = { documents: 0, bytes: 0, tokens: 0 }
    const { id: corpus } = await ingestedCorpus(place.store, {
      ...manifest,
      domains: [web, { ...code, train }],
    })
    const asked = (code: { fixedWeight?: number; maxWeight?: number }) =>
      create({
        corpus,
        fidelities: [FIDELITY],
        domains: [{ name: 'web' }, { name: 'code', tokens: 1, ...code }],
      })
    expect(await asked({ fixedWeight: 0 })).toMatchObject({ corpusId: corpus })
    expect(await asked({ maxWeight: 0 })).toMatchObject({ corpusId: corpus })
    expect(await refusal(asked({ maxWeight: 0.1 }))).toMatchObject({
      code: 'domain-too-small',
      errors: [{ pointer: '/problem/domains/1' }],
    })
  })

  test('is refused with a model that is no small one, at its field', async () => {
    const model = { width: 2048, layers: 48, heads: 32, context: 8 }
    const asked = await corpusProblem(place.store, {
      fidelities: [{ ...FIDELITY, proxy: { ...PROXY, model } }],
    })
    expect(await refusal(create(asked))).toMatchObject({
      code: 'validation-failed',
      errors: [
        {
          pointer: '/problem/fidelities/0/proxy/model',
          detail: expect.stringMatching(/has 2,[\d,]+ parameters .* at most 100,000,000/),
        },
      ],
    })
  })

  test('is refused with a model that cannot be built, at its field', async () => {
    const model = { width: 12, layers: 1, heads: 4, context: 8, positions: 'rotary' as const }
    const asked = await corpusProblem(place.store, {
      fidelities: [{ ...FIDELITY, proxy: { ...PROXY, model } }],
    })
    const error = await refusal(create(asked))
    expect(error.code).toBe('validation-failed')
    expect(error.errors[0].pointer).toBe('/problem/fidelities/0/proxy/model/heads')
  })
})

test('a problem without a corpus needs its domains and metrics', async () => {
  expect(await refusal(create({}))).toMatchObject({
    code: 'validation-failed',
    errors: [{ pointer: '/problem/domains' }, { pointer: '/problem/metrics' }],
  })
})
