import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MAX_WORD_BYTES, WORD_PATTERN, wordEnd } from '../../../src/training/tokenizer/words.js'
import { referenceWords, texts } from './reference.js'

function wordsOf(bytes: Uint8Array): Uint8Array[] {
  const words: Uint8Array[] = []
  for (let start = 0; start < bytes.length; ) {
    const end = wordEnd(bytes, start)
    words.push(bytes.subarray(start, end))
    start = end
  }
  return words
}

const wordsOfText = (text: string) =>
  wordsOf(Buffer.from(text)).map((word) => Buffer.from(word).toString())

test('a word takes the space before it; numbers, contractions and white space stand for themselves', () => {
  const text = "It isn't 12345 items,\n\n  he'll say:  \u0939\u093f"
  expect(wordsOfText(text)).toEqual([
    ...['It', ' isn', "'t", ' 123', '45', ' items', ',', '\n\n ', ' he', "'ll", ' say', ':'],
    ...[' ', ' \u0939\u093f'],
  ])
})

test('the scanner cuts where the regular expression does', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(wordsOfText(text)).toEqual(referenceWords(text))
    }),
    { numRuns: 400 },
  )
})

test('every character of the planes that Unicode uses has the class that the regular expression gives it', () => {
  const planes = [0, 1, 2, 3, 14]
  const text = planes
    .flatMap((plane) => Array.from({ length: 0x1_0000 }, (_, low) => (plane << 16) | low))
    .map((code) => String.fromCodePoint(code))
    .filter((character) => character.isWellFormed())
    // Between two letters and a digit, each class is seen by where the words end.
    .map((character) => `x${character}x1`)
    .join('\n')
  const bytes = Buffer.from(text)
  const differing: string[] = []
  let end = 0
  for (const word of text.match(new RegExp(WORD_PATTERN, 'gu'))!) {
    const start = end
    end += Buffer.byteLength(word)
    if (wordEnd(bytes, start) !== end) differing.push(word)
  }
  expect(end).toBe(bytes.length)
  expect(differing).toEqual([])
})

test('a long run is cut with the character that reaches the limit', () => {
  for (const character of ['x', 'é', '漢', '𝔘', '.', '\n', '\u2003']) {
    const size = Buffer.byteLength(character)
    const lengths = wordsOf(Buffer.from(character.repeat(1000))).map(({ length }) => length)
    const whole = Math.ceil(MAX_WORD_BYTES / size) * size
    expect(lengths.slice(0, -1)).toEqual(Array(lengths.length - 1).fill(whole))
    expect(lengths.at(-1)).toBe((1000 * size) % whole || whole)
  }
})

test('bytes that are not UTF-8 are cut as well, and none is lost', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const words = wordsOf(bytes)
      expect(words.every(({ length }) => length > 0 && length <= MAX_WORD_BYTES + 3)).toBe(true)
      expect(Buffer.concat(words)).toEqual(Buffer.from(bytes))
    }),
  )
})
