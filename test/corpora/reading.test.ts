import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import {
  domainTokens,
  type IngestTask,
  ingestCorpus,
  loadCorpus,
  restoreCorpusTokenizer,
  type SharedCorpus,
} from '../../src/corpora/index.js'
import { folderWith, jsonLines, taskOf } from './support/folders.js'

const texts = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${name} has document number ${i}`)

async function newCorpus(settings: Partial<IngestTask['settings']> = {}): Promise<string> {
  const lines = (name: string, count: number) =>
    jsonLines(texts(name, count).map((text) => ({ text })))
  const folder = folderWith({ 'a.jsonl': lines('alpha', 40), 'b.jsonl': lines('beta', 90) })
  const task = taskOf(folder, { alpha: ['a.jsonl'], beta: ['b.jsonl'] }, settings)
  await ingestCorpus(task)
  return task.folder
}

describe('a corpus in memory', () => {
  test('holds what the shards hold, in the order of the names that are asked for', async () => {
    const folder = await newCorpus({ tokenizer: { kind: 'bpe', vocabularySize: 290 } })
    const corpus = await loadCorpus(folder)
    const [beta, alpha] = domainTokens(corpus, ['beta', 'alpha'])
    expect([beta.name, alpha.name]).toEqual(['beta', 'alpha'])
    for (const [i, domain] of [alpha, beta].entries()) {
      for (const split of ['train', 'validation'] as const) {
        const bytes = readFileSync(path.join(folder, `${i}.${split}.bin`))
        const ids = new Int32Array(domain[split].length)
        domain[split].read(0, ids.length, ids, 0)
        expect([...ids]).toEqual(Array.from(ids, (_, k) => bytes.readUInt16LE(2 * k)))
      }
    }
    const { validation } = corpus.manifest.domains[1]
    expect(beta.bytesPerToken).toBe(validation.bytes / validation.tokens)
    expect(beta.bytesPerToken).toBeGreaterThan(1)
  })

  test('comes back as text through its tokenizer', async () => {
    const folder = await newCorpus({ tokenizer: { kind: 'bpe', vocabularySize: 290 } })
    const tokenizer = await restoreCorpusTokenizer(folder)
    const [{ train }] = domainTokens(await loadCorpus(folder), ['alpha'])
    const ids = new Int32Array(train.length)
    train.read(0, ids.length, ids, 0)
    const first = ids.subarray(0, ids.indexOf(tokenizer.endOfText))
    expect(texts('alpha', 40)).toContain(tokenizer.decode(first))
  })

  test('is the same memory in a thread that it is posted to', async () => {
    const corpus = await loadCorpus(await newCorpus())
    const { port1, port2 } = new MessageChannel()
    port1.postMessage(corpus)
    const posted: SharedCorpus = receiveMessageOnPort(port2)?.message
    port1.close()
    new Uint16Array(posted.shards[0].train)[0] = 7
    const ids = new Int32Array(1)
    domainTokens(corpus, ['alpha'])[0].train.read(0, 1, ids, 0)
    expect(ids[0]).toBe(7)
  })

  test('is read anywhere inside, and nowhere else', async () => {
    const [{ train }] = domainTokens(await loadCorpus(await newCorpus()), ['alpha'])
    const all = new Int32Array(train.length)
    train.read(0, all.length, all, 0)
    const target = new Int32Array(10).fill(-1)
    train.read(5, 3, target, 4)
    expect([...target]).toEqual([-1, -1, -1, -1, ...all.subarray(5, 8), -1, -1, -1])
    for (const [start, count] of [
      [-1, 2],
      [train.length - 1, 2],
      [train.length, 1],
      [0.5, 1],
    ]) {
      expect(() => train.read(start, count, target, 0)).toThrow(RangeError)
    }
  })

  test('takes four bytes a token where the vocabulary needs them', async () => {
    const vocab = Object.fromEntries(
      Array.from({ length: 70_000 }, (_, i) => [i === 69_999 ? 'alpha' : `word${i}`, i]),
    )
    const json = JSON.stringify({
      version: '1.0',
      added_tokens: [{ id: 70_000, content: '<|endoftext|>', special: true }],
      normalizer: null,
      pre_tokenizer: { type: 'WhitespaceSplit' },
      post_processor: null,
      decoder: null,
      model: {
        type: 'WordPiece',
        vocab,
        unk_token: 'word0',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
      },
    })
    const folder = await newCorpus({ tokenizer: { kind: 'huggingface', json } })
    const corpus = await loadCorpus(folder)
    expect(corpus.manifest.tokenBytes).toBe(4)
    const ids = new Int32Array(6)
    domainTokens(corpus, ['alpha'])[0].train.read(0, 6, ids, 0)
    expect([...ids]).toEqual([69_999, 0, 0, 0, 0, 70_000])
  })

  test('has no domains but its own', async () => {
    const corpus = await loadCorpus(await newCorpus())
    expect(() => domainTokens(corpus, ['alpha', 'bete'])).toThrow(
      'the corpus has no domain "bete"; did you mean "beta"?',
    )
  })
})

describe('a corpus that is not whole is refused, with the file', () => {
  const damages: [string, string, (file: string) => void, RegExp][] = [
    ['without its manifest', 'manifest.json', rmSync, /manifest\.json: ENOENT/],
    ['with half a manifest', 'manifest.json', (file) => truncateSync(file, 9), /manifest\.json/],
    ['without a shard', '1.train.bin', rmSync, /1\.train\.bin: the file is missing/],
    ['with a short shard', '0.validation.bin', (file) => truncateSync(file, 6), /has 6 bytes, and/],
  ]
  test.each(damages)('%s', async (_, name, damage, message) => {
    const folder = await newCorpus()
    damage(path.join(folder, name))
    await expect(loadCorpus(folder)).rejects.toMatchObject({
      code: 'corpus-not-ready',
      message: expect.stringMatching(message),
    })
  })

  test('with the tokenizer of another one', async () => {
    const [folder, other] = [
      await newCorpus(),
      await newCorpus({ tokenizer: { kind: 'bpe', vocabularySize: 290 } }),
    ]
    const stolen = readFileSync(path.join(other, 'tokenizer.json'))
    writeFileSync(path.join(folder, 'tokenizer.json'), stolen)
    await expect(restoreCorpusTokenizer(folder)).rejects.toThrow('it is not the tokenizer')
  })
})
