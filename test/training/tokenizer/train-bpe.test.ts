import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../../src/errors.js'
import { createRng, permutation } from '../../../src/optimizers/random.js'
import { LARGEST_BPE, trainBpe } from '../../../src/training/tokenizer/index.js'
import { dullTexts, referenceMerges, texts } from './reference.js'

/** The tokenizer's merges as pairs. */
function mergesOf(tokenizer: { toJSON(): string }): [number, number][] {
  const { merges } = JSON.parse(tokenizer.toJSON()) as { merges: number[] }
  return Array.from({ length: merges.length / 2 }, (_, i) => [merges[2 * i], merges[2 * i + 1]])
}

const idOf = (character: string) => character.charCodeAt(0)

describe('trainBpe', () => {
  test('the example of Sennrich et al. gives the merges that the paper lists', () => {
    const words = { low: 5, lower: 2, newest: 6, widest: 3 }
    const sample = Object.entries(words).map(([word, count]) => `${word}\n`.repeat(count))
    const merges = mergesOf(trainBpe(sample, { vocabularySize: 260 }))
    // Of the pairs that occur 9 times, e s comes first, then es t; l o and lo w occur 7 times.
    expect(merges).toEqual([
      [idOf('e'), idOf('s')],
      [256, idOf('t')],
      [idOf('l'), idOf('o')],
    ])
  })

  test('equals counting everything anew for each merge', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(texts, dullTexts), { maxLength: 4 }),
        fc.integer({ min: 257, max: 300 }),
        (sample, vocabularySize) => {
          const merges = mergesOf(trainBpe(sample, { vocabularySize }))
          expect(merges).toEqual(referenceMerges(sample, vocabularySize - 257))
        },
      ),
      { numRuns: 60 },
    )
  })

  test('pairs that overlap are replaced from left to right', () => {
    fc.assert(
      fc.property(fc.array(dullTexts, { minLength: 1, maxLength: 6 }), (sample) => {
        const merges = mergesOf(trainBpe(sample, { vocabularySize: 400 }))
        expect(merges).toEqual(referenceMerges(sample, 143))
      }),
      { numRuns: 150 },
    )
  })

  test('the order of the documents, and strings or bytes, make no difference', () => {
    const rng = createRng(3, 'documents')
    const syllables = ['ka', 'to', 'mi', 'ra', 'so', ' ', ' ', '. ']
    const sample = Array.from({ length: 200 }, () =>
      Array.from({ length: 50 }, () => syllables[rng.integer(syllables.length)]).join(''),
    )
    const shuffled = Array.from(permutation(sample.length, rng), (i) => Buffer.from(sample[i]))
    const tokenizer = trainBpe(sample, { vocabularySize: 512 })
    expect(tokenizer.vocabularySize).toBe(512)
    expect(trainBpe(shuffled, { vocabularySize: 512 }).hash).toBe(tokenizer.hash)
    expect(trainBpe(sample.slice(1), { vocabularySize: 512 }).hash).not.toBe(tokenizer.hash)
  })

  test('no two tokens stand for the same bytes', () => {
    fc.assert(
      fc.property(fc.array(dullTexts, { maxLength: 8 }), (sample) => {
        const tokenizer = trainBpe(sample, { vocabularySize: 300 })
        const tokens = Array.from({ length: tokenizer.vocabularySize - 257 }, (_, i) =>
          tokenizer.decode(Int32Array.of(256 + i)),
        )
        expect(new Set(tokens).size).toBe(tokens.length)
        for (const [i, token] of tokens.entries()) {
          expect([...tokenizer.encode(token)]).toEqual([256 + i])
        }
      }),
    )
  })

  test('ends early when no pair occurs twice, and says so by its size', () => {
    expect(trainBpe([], { vocabularySize: 2048 }).vocabularySize).toBe(257)
    expect(trainBpe(['abcdefg'], { vocabularySize: 2048 }).vocabularySize).toBe(257)
    const two = trainBpe(['abc abc'], { vocabularySize: 2048 })
    expect(mergesOf(two)).toEqual([
      [idOf('a'), idOf('b')],
      [256, idOf('c')],
    ])
    expect([two.vocabularySize, two.endOfText]).toEqual([259, 258])
  })

  test('refuses sizes that leave no room, or too much', () => {
    for (const vocabularySize of [0, 256, 300.5, Number.NaN, LARGEST_BPE + 1]) {
      const train = () => trainBpe(['text'], { vocabularySize })
      expect(train).toThrow(MixwrightError)
      expect(train).toThrow(/from 257 to 65536/)
    }
    expect(trainBpe(['aaaa'], { vocabularySize: 257 }).vocabularySize).toBe(257)
  })

  test('megabytes without white space are no trouble', () => {
    const rng = createRng(5, 'letters')
    const letters = Buffer.alloc(2_000_000, 'x')
    for (let i = 0; i < 300_000; i++) letters[i] = 97 + rng.integer(4)
    const tokenizer = trainBpe([letters], { vocabularySize: 1024 })
    expect(tokenizer.vocabularySize).toBe(1024)
    const text = letters.toString()
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
  })
})
