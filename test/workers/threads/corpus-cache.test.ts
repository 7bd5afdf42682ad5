import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ingestCorpus } from '../../../src/corpora/index.js'
import type { SharedCorpus } from '../../../src/corpora/types.js'
import { CorpusCache } from '../../../src/workers/threads/corpus-cache.js'
import { syntheticText } from '../../support/synthetic-text.js'
import { deferred } from '../queue-conformance.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mixwright-cache-'))
  const file = path.join(folder, 'north.jsonl')
  writeFileSync(file, syntheticText('north', 40))
  const source = { id: 'a', kind: 'upload', path: file, name: 'north.jsonl' } as const
  await ingestCorpus({
    folder,
    settings: {
      tokenizer: { kind: 'bytes' },
      validationFraction: 0.1,
      maxDocumentBytes: 1e6,
      tokenizerSampleBytes: 1e6,
      invalidDocuments: 'refuse',
    },
    domains: [{ name: 'north', sources: [{ ...source, format: 'auto', textField: 'text' }] }],
    allowedFolders: [],
    maxBytes: Number.POSITIVE_INFINITY,
  })
})
afterAll(() => rm(folder, { recursive: true }))

const IDLE_MS = 10

test('a corpus is loaded once for all that use it at a time, in shared memory', async () => {
  const cache = new CorpusCache(IDLE_MS)
  const seen: SharedCorpus[] = []
  const use = () =>
    cache.use(folder, async (corpus) => {
      seen.push(corpus)
      return corpus.shards[0].train.byteLength
    })
  const [one, two] = await Promise.all([use(), use()])
  expect(one).toBe(two)
  expect(seen[0]).toBe(seen[1])
  expect(seen[0].shards[0].train).toBeInstanceOf(SharedArrayBuffer)
  expect(seen[0].manifest.domains[0].train.tokens).toBe(one / seen[0].manifest.tokenBytes)
  cache.clear()
})

test('it stays while somebody uses it, and is released when nobody has for a while', async () => {
  const cache = new CorpusCache(IDLE_MS)
  const [first, second] = [deferred<void>(), deferred<void>()]
  const uses = [first, second].map(({ promise }) => cache.use(folder, () => promise))
  first.resolve()
  await uses[0]
  await new Promise((resolve) => setTimeout(resolve, 5 * IDLE_MS))
  expect(cache.folders).toEqual([folder])
  second.resolve()
  await uses[1]
  expect(cache.folders).toEqual([folder])
  await vi.waitFor(() => expect(cache.folders).toEqual([]))
})

test('one that comes back in time is not loaded again', async () => {
  const cache = new CorpusCache(60_000)
  const first = await cache.use(folder, async (corpus) => corpus)
  expect(await cache.use(folder, async (corpus) => corpus)).toBe(first)
  cache.clear()
  expect(await cache.use(folder, async (corpus) => corpus)).not.toBe(first)
  cache.clear()
})

test('one that cannot be loaded is not kept', async () => {
  const cache = new CorpusCache(IDLE_MS)
  const missing = path.join(folder, 'missing')
  const using = cache.use(missing, async () => {})
  await expect(using).rejects.toMatchObject({ code: 'corpus-not-ready' })
  expect(cache.folders).toEqual([])
})
