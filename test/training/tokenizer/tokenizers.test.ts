import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createTokenizer,
  restoreTokenizer,
  type Tokenizer,
  trainBpe,
} from '../../../src/training/tokenizer/index.js'
import { dullTexts, referenceEncode, texts } from './reference.js'

const SAMPLE = [
  "The tokenizer's trainer isn't slow: it's linear in the text, and the text is long.",
  'const trainer = new Trainer({ size: 2048 })\n\n  return trainer.train(text, 1234)\n',
  'Größe und Straße; größer als die Straße. 漢字 漢字 漢字 हिन्दी हिन्दी 😀😀😀 aaaaaaaa',
]

const bpe = trainBpe([...SAMPLE, ...SAMPLE], { vocabularySize: 400 })
const bytes = await createTokenizer({ kind: 'bytes' }, [])
const tokenizers: [string, Tokenizer][] = [
  ['bpe', bpe],
  ['bytes', bytes],
]

function mergesOf(tokenizer: Tokenizer): [number, number][] {
  const { merges } = JSON.parse(tokenizer.toJSON()) as { merges: number[] }
  return Array.from({ length: merges.length / 2 }, (_, i) => [merges[2 * i], merges[2 * i + 1]])
}

describe('encode', () => {
  test('equals applying one merge after the other to every word', () => {
    const merges = mergesOf(bpe)
    fc.assert(
      fc.property(fc.oneof(texts, fc.constantFrom(...SAMPLE)), (text) => {
        expect([...bpe.encode(text)]).toEqual(referenceEncode(text, merges))
      }),
      { numRuns: 150 },
    )
  })

  test('so it does for merges that overlap', () => {
    const overlapping = trainBpe(['aaaa aaaaa aa bab abab aab baa baab aaab'.repeat(2)], {
      vocabularySize: 280,
    })
    const merges = mergesOf(overlapping)
    fc.assert(
      fc.property(dullTexts, (text) => {
        expect([...overlapping.encode(text)]).toEqual(referenceEncode(text, merges))
      }),
      { numRuns: 300 },
    )
  })

  test('more words than are remembered change nothing', async () => {
    const letters = 'abcdefghijklmnopqrstuvwxyz'
    const words = Array.from({ length: 70_000 }, (_, i) =>
      [i % 26, (i / 26) % 26, (i / 676) % 26, i / 17_576].map((at) => letters[at | 0]).join(''),
    )
    expect(new Set(words).size).toBeGreaterThan(1 << 16)
    const half = words.length / 2
    const pieces = [words.slice(0, half), words.slice(half), words.slice(0, half)]
    const texts = pieces.map((piece) => piece.map((word) => ` ${word}`).join(''))
    // A tokenizer without a past has nothing to remember wrongly.
    const fresh = await Promise.all(
      texts.map(async (text) => (await restoreTokenizer(bpe.toJSON())).encode(text)),
    )
    const long = await restoreTokenizer(bpe.toJSON())
    expect([...long.encode(texts.join(''))]).toEqual(fresh.flatMap((ids) => [...ids]))
  })

  test('bytes are ids', () => {
    expect([...bytes.encode('aé')]).toEqual([0x61, 0xc3, 0xa9])
    expect([bytes.vocabularySize, bytes.endOfText]).toEqual([257, 256])
  })

  test('five megabytes of one letter, or of letters without end, are encoded', () => {
    const word = referenceEncode('a'.repeat(256), mergesOf(bpe))
    const run = bpe.encode('a'.repeat(20_000 * 256))
    expect(run.length).toBe(20_000 * word.length)
    expect(run.findIndex((id, i) => id !== word[i % word.length])).toBe(-1)
    const text = 'trainertextStraße'.repeat(100_000)
    expect(bpe.decode(bpe.encode(text))).toBe(text)
  })
})

describe.each(tokenizers)('%s', (_, tokenizer) => {
  test('decoding gives the text back', () => {
    const anyText = fc.oneof(texts, fc.string({ unit: 'binary', maxLength: 100 }))
    fc.assert(
      fc.property(anyText, (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
      }),
      { numRuns: 300 },
    )
    expect(tokenizer.encode('')).toEqual(new Int32Array(0))
    expect(tokenizer.decode(new Int32Array(0))).toBe('')
    expect(tokenizer.decode(tokenizer.encode('\ufeffmarked'))).toBe('\ufeffmarked')
  })

  test('half surrogates become U+FFFD, as in UTF-8', () => {
    const text = 'a\ud800b\udc00'
    expect(tokenizer.decode(tokenizer.encode(text))).toBe('a\ufffdb\ufffd')
  })

  test('text that looks like the end of a text is text', () => {
    const ids = tokenizer.encode('one<|endoftext|>two')
    expect(ids.includes(tokenizer.endOfText)).toBe(false)
    expect(tokenizer.decode(ids)).toBe('one<|endoftext|>two')
    const ended = Int32Array.of(...tokenizer.encode('one'), tokenizer.endOfText)
    expect(tokenizer.decode(ended)).toBe('one<|endoftext|>')
  })

  test('ids that are not whole characters together come back as U+FFFD', () => {
    expect(tokenizer.decode(Int32Array.of(0x61, 0xc3, 0x62))).toBe('a\ufffdb')
  })

  test('ids outside of the vocabulary are refused with their place', () => {
    const { vocabularySize } = tokenizer
    for (const id of [vocabularySize, -1]) {
      expect(() => tokenizer.decode(Int32Array.of(97, id))).toThrow(
        new RangeError(
          `Token id ${id} at position 1 is not in the vocabulary; ids go from 0 to ${vocabularySize - 1}.`,
        ),
      )
    }
  })

  test('comes back from its JSON with the same hash and the same ids', async () => {
    const restored = await restoreTokenizer(tokenizer.toJSON())
    const { kind, vocabularySize, endOfText, hash } = tokenizer
    expect(restored).toMatchObject({ kind, vocabularySize, endOfText, hash })
    expect(restored.toJSON()).toBe(tokenizer.toJSON())
    for (const text of SAMPLE) expect(restored.encode(text)).toEqual(tokenizer.encode(text))
    expect(hash).toBe(createHash('sha256').update(tokenizer.toJSON()).digest('hex'))
  })
})

describe('restoreTokenizer', () => {
  const stored = JSON.parse(bpe.toJSON()) as { kind: string; pattern: string; merges: unknown }
  const doubling = Array.from({ length: 30 }, (_, i) => (i === 0 ? 97 : 255 + i))

  test.each([
    ['text that is not JSON', '{', /JSON/],
    ['null', 'null', /`kind`/],
    ['another kind', '{"kind":"words"}', /bpe, bytes or huggingface/],
    ['another pattern', JSON.stringify({ ...stored, pattern: '.' }), /another pattern/],
    ['no merges', JSON.stringify({ ...stored, merges: undefined }), /pairs of ids/],
    ['half a pair', JSON.stringify({ ...stored, merges: [97] }), /pairs of ids/],
    ['an id of a later merge', JSON.stringify({ ...stored, merges: [97, 256] }), /merge 0 \(97/],
    ['a merge twice', JSON.stringify({ ...stored, merges: [97, 98, 97, 98] }), /merge 1/],
    ['text for an id', JSON.stringify({ ...stored, merges: ['a', 98] }), /pairs of ids/],
    [
      'a token longer than memory',
      JSON.stringify({ ...stored, merges: doubling.flatMap((id) => [id, id]) }),
      /merge 9 makes a token longer/,
    ],
  ])('refuses %s', async (_, text, message) => {
    await expect(restoreTokenizer(text)).rejects.toThrow(message)
  })
})
