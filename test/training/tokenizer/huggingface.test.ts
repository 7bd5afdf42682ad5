import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MixwrightError } from '../../../src/errors.js'
import {
  createTokenizer,
  restoreTokenizer,
  type Tokenizer,
  trainBpe,
} from '../../../src/training/tokenizer/index.js'
import { WORD_PATTERN } from '../../../src/training/tokenizer/words.js'
import { texts } from './reference.js'

const SAMPLE = [
  "The library's merges and ours are the same merges; the library's code isn't ours.",
  'if (merges === ours) { return 2048 + 123456 }\n\n\tthrow new Error()\n',
  'Größe, Straße, größer. 漢字漢字 हिन्दी हिन्दी 😀😀 aaaaaaaaaa',
]
const bpe = trainBpe([...SAMPLE, ...SAMPLE], { vocabularySize: 400 })

/** Characters that stand for bytes in GPT-2's files: printable ones for themselves, others from U+0100 on. */
function byteCharacters(): string[] {
  const printable = (byte: number) =>
    (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad && byte < 0x100)
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(printable(byte) ? byte : next++),
  )
}

/** Our tokenizer as a `tokenizer.json`, whose end of text is called `end`. */
function tokenizerJson(tokenizer: Tokenizer, end = '<|endoftext|>') {
  const tokens = byteCharacters()
  const { merges } = JSON.parse(tokenizer.toJSON()) as { merges: number[] }
  const pairs: [string, string][] = []
  for (let i = 0; i < merges.length; i += 2) {
    pairs.push([tokens[merges[i]], tokens[merges[i + 1]]])
    tokens.push(tokens[merges[i]] + tokens[merges[i + 1]])
  }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, use_regex: false }
  return {
    version: '1.0',
    added_tokens: [{ id: tokenizer.endOfText, content: end, special: true, normalized: false }],
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: WORD_PATTERN }, behavior: 'Isolated', invert: false },
        byteLevel,
      ],
    },
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: pairs,
    },
  }
}

const open = (json: unknown) =>
  createTokenizer({ kind: 'huggingface', json: JSON.stringify(json) }, [])

describe('a Hugging Face tokenizer', () => {
  test("made of our merges gives our ids: two implementations, and each other's text back", async () => {
    const library = await open(tokenizerJson(bpe))
    expect([library.vocabularySize, library.endOfText]).toEqual([bpe.vocabularySize, bpe.endOfText])
    // The library does not cut long words.
    const short = texts.map((text) => text.slice(0, 80).toWellFormed())
    fc.assert(
      fc.property(fc.oneof(short, fc.constantFrom(...SAMPLE)), (text) => {
        const ids = bpe.encode(text)
        expect(library.encode(text)).toEqual(ids)
        expect(library.decode(ids)).toBe(text)
      }),
      { numRuns: 300 },
    )
  })

  test('text that looks like the end of a text is text, and half surrogates become U+FFFD', async () => {
    const library = await open(tokenizerJson(bpe))
    const text = 'one<|endoftext|>two \ud800'
    expect(library.encode(text)).toEqual(bpe.encode(text))
    expect(library.encode('')).toEqual(new Int32Array(0))
    const words = await open({
      ...tokenizerJson(bpe),
      pre_tokenizer: { type: 'Whitespace' },
      model: { type: 'WordPiece', vocab: { a: 0, '\ufffd': 1, '[UNK]': 2 }, unk_token: '[UNK]' },
    })
    expect([...words.encode('a \ud800 b')]).toEqual([0, 1, 2])
  })

  test('the end of a text is found by its usual names, else it is one more id', async () => {
    const json = tokenizerJson(bpe, '</s>')
    const named = await open(json)
    expect(named.endOfText).toBe(bpe.endOfText)
    const end = Int32Array.of(...bpe.encode('one'), named.endOfText, ...bpe.encode('two'))
    expect(named.decode(end)).toBe('one</s>two')

    const unnamed = await open(tokenizerJson(bpe, '[PAD]'))
    expect(unnamed.endOfText).toBe(bpe.vocabularySize)
    expect(unnamed.vocabularySize).toBe(bpe.vocabularySize + 1)
    expect(unnamed.decode(Int32Array.of(97, unnamed.endOfText))).toBe('a<|endoftext|>')
    expect(() => unnamed.decode(Int32Array.of(unnamed.vocabularySize))).toThrow(/vocabulary/)
  })

  test('other added tokens are recognised, and ids without a token show as nothing', async () => {
    const json = tokenizerJson(bpe)
    json.added_tokens.push({ id: 1000, content: '<sep>', special: true, normalized: false })
    const library = await open(json)
    expect(library.vocabularySize).toBe(1001)
    expect([...library.encode('a<sep>b')]).toEqual([97, 1000, 98])
    expect(library.decode(Int32Array.of(97, 900, 1000, 98))).toBe('a<sep>b')
  })

  test('comes back from its JSON with the same hash and the same ids', async () => {
    const library = await open(tokenizerJson(bpe))
    const restored = await restoreTokenizer(library.toJSON())
    expect(restored.toJSON()).toBe(library.toJSON())
    expect(restored.hash).toBe(library.hash)
    expect(restored.kind).toBe('huggingface')
    for (const text of SAMPLE) expect(restored.encode(text)).toEqual(library.encode(text))
    expect((await open(tokenizerJson(bpe, '</s>'))).hash).not.toBe(library.hash)
  })

  test('early files are read: no type of model, merges with a space between', async () => {
    const json = tokenizerJson(bpe)
    const { vocab, merges } = json.model
    const early = await open({ ...json, model: { vocab, merges: merges.map((m) => m.join(' ')) } })
    for (const text of SAMPLE) expect(early.encode(text)).toEqual(bpe.encode(text))
  })

  test('a token that has no id is an error, not a zero', async () => {
    const library = await open({
      ...tokenizerJson(bpe),
      pre_tokenizer: { type: 'Whitespace' },
      model: { type: 'WordPiece', vocab: { a: 0 }, unk_token: '[UNK]' },
    })
    expect([...library.encode('a a')]).toEqual([0, 0])
    expect(() => library.encode('a b')).toThrow(/no id for "\[UNK\]"/)
  })
})

describe('what is not a tokenizer.json is refused', () => {
  const whole = tokenizerJson(bpe)
  const model = { ...whole.model }

  test.each([
    ['text that is not JSON', 'vocab', /not JSON/],
    ['an array', '[]', /not a JSON object/],
    ['an empty object', '{}', /no `model`/],
    ['no vocabulary', JSON.stringify({ ...whole, model: { type: 'BPE' } }), /`model.vocab`/],
    [
      'an empty vocabulary',
      JSON.stringify({ ...whole, model: { ...model, vocab: {} } }),
      /`model.vocab` is empty/,
    ],
    [
      'ids that are no ids',
      JSON.stringify({ ...whole, model: { ...model, vocab: { a: 0, b: 1e9 } } }),
      /the id of "b"/,
    ],
    ['no added tokens', JSON.stringify({ ...whole, added_tokens: null }), /`added_tokens`/],
    [
      'an added token without an id',
      JSON.stringify({ ...whole, added_tokens: [{ content: '</s>' }] }),
      /added token 0/,
    ],
    [
      'a model that there is not',
      JSON.stringify({ ...whole, model: { ...model, type: 'Words' } }),
      /`model.type` must be one of BPE, WordPiece, Unigram/,
    ],
    [
      'a pre-tokenizer that there is not',
      JSON.stringify({ ...whole, pre_tokenizer: { type: 'Words' } }),
      /Words/,
    ],
    ['no merges', JSON.stringify({ ...whole, model: { type: 'BPE', vocab: { a: 0 } } }), /./],
    ['no decoder', JSON.stringify({ ...whole, decoder: undefined }), /decoder/],
  ])('%s', async (_, json, message) => {
    const refused = createTokenizer({ kind: 'huggingface', json }, [])
    await expect(refused).rejects.toThrow(MixwrightError)
    await expect(refused).rejects.toThrow(/^The text is not a tokenizer.json: /)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({
      code: 'validation-failed',
      errors: [{ pointer: '/tokenizer/json' }],
    })
  })
})
