import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type IngestProgress, ingestCorpus } from '../../../src/corpora/index.js'
import { documentsIn, fingerprint } from '../support/corpus-contents.js'
import { folderWith, jsonLines, newFolder, pathSource, taskOf } from '../support/folders.js'
import { parquetFile } from '../support/parquet-writer.js'
import { zstdOf } from '../support/zstd-frames.js'

const texts = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${name} ${i}: ${'words and more words '.repeat(i % 5)}`)
const lines = (documents: readonly string[]) => jsonLines(documents.map((text) => ({ text })))

/** The split by the plainest means: the leading 13 hex digits of SHA-256. */
const isValidation = (text: string, fraction: number) =>
  Number.parseInt(createHash('sha256').update(text).digest('hex').slice(0, 13), 16) / 16 ** 13 <
  fraction

describe('an ingestion', () => {
  test('brings every document of every format into the shards of its domain', async () => {
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name) => texts(name, 60))
    const folder = folderWith({
      'a.jsonl': lines(a),
      'b.jsonl.gz': gzipSync(lines(b)),
      'c.jsonl.zst': zstdOf(Buffer.from(lines(c))),
      'd.parquet': parquetFile([d.slice(0, 20), d.slice(20)], { codec: 'zstd' }),
      'e.csv': `id,text\n${e.map((text, i) => `${i},"${text}"`).join('\n')}`,
      'f/1.txt': 'first file',
      'f/2.txt': 'second file',
    })
    const task = taskOf(folder, {
      packed: ['b.jsonl.gz', 'c.jsonl.zst'],
      plain: ['a.jsonl', 'e.csv', 'f'],
      parquet: ['d.parquet'],
    })
    const manifest = await ingestCorpus(task)
    const expected = [[...b, ...c], [...a, ...e, 'first file', 'second file'], d]
    expect(manifest.domains.map(({ name }) => name)).toEqual(['packed', 'plain', 'parquet'])
    for (const [i, documents] of expected.entries()) {
      const validation = documents.filter((text) => isValidation(text, 0.25))
      const train = documents.filter((text) => !isValidation(text, 0.25))
      expect(await documentsIn(task.folder, `${i}.train.bin`)).toEqual(train)
      expect(await documentsIn(task.folder, `${i}.validation.bin`)).toEqual(validation)
      const bytes = (of: string[]) => Buffer.byteLength(of.join(''))
      expect(manifest.domains[i]).toMatchObject({
        train: {
          documents: train.length,
          bytes: bytes(train),
          tokens: bytes(train) + train.length,
        },
        validation: { documents: validation.length, bytes: bytes(validation) },
        duplicates: 0,
        skipped: 0,
        empty: 0,
      })
    }
  })

  test('writes a manifest that says what is in the folder, and leaves nothing else', async () => {
    const folder = folderWith({ 'a.jsonl': lines(texts('a', 50)) })
    const task = taskOf(folder, { a: ['a.jsonl'] })
    const manifest = await ingestCorpus(task)
    const names = readdirSync(task.folder).sort()
    expect(names).toEqual(['0.train.bin', '0.validation.bin', 'manifest.json', 'tokenizer.json'])
    const contents = names.map((name) => readFileSync(path.join(task.folder, name)))
    expect(manifest.bytes).toBe(contents.reduce((sum, { length }) => sum + length, 0))
    expect(JSON.parse(contents[2].toString())).toEqual(manifest)
    const hash = createHash('sha256').update(contents[0]).update(contents[1]).digest('hex')
    expect(manifest.domains[0].hash).toBe(hash)
  })

  test('drops exact duplicates, of which the first one in the order of domains stays', async () => {
    const folder = folderWith({
      'a.jsonl': lines(['one', 'two', 'one', ' ', '\u3000\n', '']),
      'b.jsonl': lines(['three', 'two', 'two ', 'one']),
    })
    const task = taskOf(folder, { a: ['a.jsonl'], b: ['b.jsonl'] }, { validationFraction: 1e-9 })
    const { domains } = await ingestCorpus(task)
    expect(await documentsIn(task.folder, '0.train.bin')).toEqual(['one', 'two'])
    expect(await documentsIn(task.folder, '1.train.bin')).toEqual(['three', 'two '])
    expect(domains[0]).toMatchObject({ duplicates: 1, empty: 3 })
    expect(domains[1]).toMatchObject({ duplicates: 2, empty: 0 })
  })

  test('keeps a document on its side of the split, whatever else is ingested', async () => {
    const all = texts('a', 400)
    const sides = async (documents: string[]) => {
      const task = taskOf(folderWith({ 'a.jsonl': lines(documents) }), { a: ['a.jsonl'] })
      await ingestCorpus(task)
      return new Set(await documentsIn(task.folder, '0.validation.bin'))
    }
    const whole = await sides(all)
    const part = await sides(all.filter((_, i) => i % 3 === 0).reverse())
    expect([...part].every((text) => whole.has(text))).toBe(true)
    expect(part.size).toBe(all.filter((text, i) => i % 3 === 0 && whole.has(text)).length)
    // 400 draws of 1/4: five standard deviations are 43.
    expect(Math.abs(whole.size - 100)).toBeLessThan(43)
  })

  test('of the same input gives the same hash and bytes, and of another one does not', async () => {
    const folder = folderWith({
      'a.jsonl': lines(texts('a', 80)),
      'b.jsonl': lines(texts('b', 80)),
    })
    const settings = { tokenizer: { kind: 'bpe', vocabularySize: 300 } } as const
    const first = taskOf(folder, { a: ['a.jsonl'], b: ['b.jsonl'] }, settings)
    const again = taskOf(folder, { a: ['a.jsonl'], b: ['b.jsonl'] }, settings)
    const other = taskOf(folder, { a: ['b.jsonl'], b: ['a.jsonl'] }, settings)
    const manifest = await ingestCorpus(first)
    expect(await ingestCorpus(again)).toEqual(manifest)
    expect(fingerprint(again.folder)).toEqual(fingerprint(first.folder))
    expect((await ingestCorpus(other)).hash).not.toBe(manifest.hash)
  })

  test('trains the tokenizer on the training text alone', async () => {
    const held = texts('a', 300).filter((text) => isValidation(text, 0.25))
    const trained = texts('a', 300).filter((text) => !isValidation(text, 0.25))
    const settings = { tokenizer: { kind: 'bpe', vocabularySize: 280 } } as const
    const task = taskOf(folderWith({ 'a.jsonl': lines(trained) }), { a: ['a.jsonl'] }, settings)
    const odd = held.map((text) => text.replaceAll('words', 'zqzqzqzq'))
    const shifted = odd.filter((text) => isValidation(text, 0.25))
    expect(shifted.length).toBeGreaterThan(5)
    const more = taskOf(
      folderWith({ 'a.jsonl': lines([...trained, ...shifted]) }),
      { a: ['a.jsonl'] },
      settings,
    )
    const [alone, beside] = [await ingestCorpus(task), await ingestCorpus(more)]
    expect(beside.tokenizer).toEqual(alone.tokenizer)
    expect(beside.domains[0].validation.documents).toBe(shifted.length)
  })

  test('tells how far it is, from nothing to all, phase after phase', async () => {
    const folder = folderWith({
      'a.jsonl': lines(texts('a', 500)),
      'b.jsonl': lines(texts('b', 9)),
    })
    const told: IngestProgress[] = []
    const task = taskOf(folder, { a: ['a.jsonl'], b: ['b.jsonl'] })
    await ingestCorpus(task, { onProgress: (progress) => told.push(progress) })
    const phases = ['read', 'train-tokenizer', 'tokenize'] as const
    expect([...new Set(told.map(({ phase }) => phase))]).toEqual(phases)
    for (const phase of phases) {
      const steps = told.filter((progress) => progress.phase === phase)
      expect(steps.map(({ done }) => done)).toEqual(
        steps.map(({ done }) => done).sort((x, y) => x - y),
      )
      expect(steps.at(-1)?.done).toBe(steps.at(-1)?.total)
    }
  })
})

describe('a corpus that is whole', () => {
  test('is left as it is', async () => {
    const folder = folderWith({ 'a.jsonl': lines(texts('a', 50)) })
    const task = taskOf(folder, { a: ['a.jsonl'] })
    const manifest = await ingestCorpus(task)
    writeFileSync(path.join(folder, 'a.jsonl'), 'not read any more')
    expect(await ingestCorpus(task)).toEqual(manifest)
  })

  test('is made anew when a shard is damaged', async () => {
    const folder = folderWith({ 'a.jsonl': lines(texts('a', 50)) })
    const task = taskOf(folder, { a: ['a.jsonl'] })
    await ingestCorpus(task)
    const before = fingerprint(task.folder)
    writeFileSync(path.join(task.folder, '0.train.bin'), 'short')
    await ingestCorpus(task)
    expect(fingerprint(task.folder)).toEqual(before)
  })
})

describe('what cannot be used', () => {
  const good = lines(['one', 'two', 'three'])
  const cases: [string, string, string | Uint8Array, object][] = [
    [
      'an empty file',
      'x.jsonl',
      '',
      { code: 'source-unreadable', message: /x\.jsonl: the file is empty/ },
    ],
    [
      'an empty text file',
      'x.txt',
      '',
      { code: 'source-unreadable', message: /x\.txt: the file is empty/ },
    ],
    [
      'a file of blank lines',
      'x.jsonl',
      '\n\n',
      { code: 'source-unreadable', message: /no document/ },
    ],
    [
      'invalid UTF-8',
      'x.txt',
      Buffer.of(0x61, 0xff),
      { code: 'document-invalid', message: /x\.txt: .* not UTF-8/ },
    ],
    [
      'no text field',
      'x.jsonl',
      '{"body":"a"}\n',
      { code: 'document-invalid', message: /x\.jsonl, line 1: .*"text"/ },
    ],
    [
      'a document too large',
      'x.csv',
      `text\n${'y'.repeat(2000)}\n`,
      { code: 'document-invalid', message: /x\.csv, row 1: .*2000 bytes/ },
    ],
  ]

  test.each(cases)(
    '(%s) ends the ingestion, by name',
    async (_, name, content, { code, message }: { code?: string; message?: RegExp }) => {
      const folder = folderWith({ 'good.jsonl': good, [name]: content })
      const task = taskOf(folder, { a: ['good.jsonl', name] }, { maxDocumentBytes: 1000 })
      await expect(ingestCorpus(task)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message ?? ''),
      })
      expect(readdirSync(task.folder)).not.toContain('manifest.json')
    },
  )

  test.each(cases)(
    '(%s) is counted and left out when it is to be skipped',
    async (_, name, content) => {
      const folder = folderWith({ 'good.jsonl': good, [name]: content })
      const task = taskOf(
        folder,
        { a: ['good.jsonl', name] },
        { maxDocumentBytes: 1000, invalidDocuments: 'skip' },
      )
      const { domains } = await ingestCorpus(task)
      expect(domains[0]).toMatchObject({ skipped: 1, duplicates: 0, empty: 0 })
      expect(domains[0].train.documents + domains[0].validation.documents).toBe(3)
    },
  )

  const broken: [string, string, Uint8Array][] = [
    ['a Parquet file that is cut off', 'x.parquet', parquetFile([['a']]).subarray(0, -2)],
    ['a Parquet file of garbage', 'x.parquet', Buffer.from('PAR1 is how it begins ... PAR1')],
    ['a zstd stream that is cut off', 'x.jsonl.zst', zstdOf(Buffer.from(good)).subarray(0, -5)],
    ['a gzip stream that is cut off', 'x.jsonl.gz', gzipSync(good).subarray(0, -5)],
  ]
  test.each(broken)('(%s) ends the ingestion in any case', async (_, name, content) => {
    for (const invalidDocuments of ['refuse', 'skip'] as const) {
      const task = taskOf(folderWith({ [name]: content }), { a: [name] }, { invalidDocuments })
      await expect(ingestCorpus(task)).rejects.toMatchObject({
        code: 'source-unreadable',
        message: expect.stringContaining(name),
      })
    }
  })

  test('a source outside of the allowed folders is refused before anything is read', async () => {
    const [folder, other] = [folderWith({ 'a.txt': 'a' }), newFolder()]
    const task = taskOf(folder, { a: ['a.txt'] })
    const domains = [{ name: 'b', sources: [pathSource(other)] }, ...task.domains]
    await expect(ingestCorpus({ ...task, domains })).rejects.toMatchObject({
      code: 'source-forbidden',
    })
  })
})
