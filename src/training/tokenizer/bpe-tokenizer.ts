import { FIRST_MERGE, Merger } from './merger.js'
import type { Tokenizer } from './types.js'
import { ByteVocabulary, END_OF_TEXT, hashOfJson, singleBytes } from './vocabulary.js'
import { grown, WordTable } from './word-table.js'
import { MAX_WORD_BYTES, WORD_PATTERN, wordEnd } from './words.js'

/** Words whose ids are remembered, before all are forgotten; longer ones seldom come again. */
const CACHED_WORDS = 1 << 16
const LONGEST_CACHED = 64

/** What `toJSON` holds. */
interface BpeJson {
  kind: 'bpe'
  /** `WORD_PATTERN` of the version that wrote it. */
  pattern: string
  /** Ids of left and right, in turn, in the order they were learned. */
  merges: number[]
}

/**
 * Byte-pair encoding of UTF-8 bytes: ids 0 to 255 are the bytes, then come the merges in the order they were learned, then
 * end of text. Half surrogates become U+FFFD. Text that looks like an end-of-text token is text.
 */
export class BpeTokenizer implements Tokenizer {
  readonly kind = 'bpe'
  readonly vocabularySize: number
  readonly endOfText: number
  readonly hash: string
  readonly #merges: Int32Array
  readonly #merger: Merger
  readonly #vocabulary: ByteVocabulary
  readonly #cached = new WordTable()
  /** Word → where its ids begin among those remembered; one entry more than words. */
  readonly #cachedStarts = new Int32Array(CACHED_WORDS + 1)
  #cachedIds = new Int32Array(1 << 10)

  /**
   * @param merges (merges × 2) distinct pairs of ids below that of the merge itself
   * @throws Error for others, and for a token longer than a word
   */
  constructor(merges: Int32Array) {
    this.#merges = merges
    this.#merger = new Merger(merges)
    this.#vocabulary = new ByteVocabulary([...tokenBytes(merges), Buffer.from(END_OF_TEXT)])
    this.endOfText = FIRST_MERGE + merges.length / 2
    this.vocabularySize = this.endOfText + 1
    this.hash = hashOfJson(this.toJSON())
  }

  /** @param json parsed text of `toJSON` */
  static fromJSON(json: object): BpeTokenizer {
    const { pattern, merges } = json as Partial<BpeJson>
    if (pattern !== WORD_PATTERN) {
      throw new Error('it cuts words by another pattern, that of another version')
    }
    if (!Array.isArray(merges) || merges.length % 2 || !merges.every(Number.isInteger)) {
      throw new Error('`merges` must be pairs of ids')
    }
    return new BpeTokenizer(Int32Array.from(merges))
  }

  encode(text: string): Int32Array {
    const bytes = Buffer.from(text)
    const ids = new Int32Array(bytes.length)
    let length = 0
    for (let start = 0; start < bytes.length; ) {
      const end = wordEnd(bytes, start)
      length =
        end - start > LONGEST_CACHED
          ? this.#merger.write(bytes, start, end, ids, length)
          : this.#writeCached(bytes, start, end, ids, length)
      start = end
    }
    return ids.slice(0, length)
  }

  decode(ids: Int32Array): string {
    return this.#vocabulary.decode(ids)
  }

  toJSON(): string {
    const json: BpeJson = { kind: this.kind, pattern: WORD_PATTERN, merges: [...this.#merges] }
    return JSON.stringify(json)
  }

  #writeCached(
    bytes: Uint8Array,
    start: number,
    end: number,
    target: Int32Array,
    offset: number,
  ): number {
    if (this.#cached.size === CACHED_WORDS) this.#cached.clear()
    const known = this.#cached.size
    const word = this.#cached.intern(bytes, start, end)
    const begin = this.#cachedStarts[word]
    if (word === known) {
      this.#cachedIds = grown(this.#cachedIds, begin + end - start)
      this.#cachedStarts[word + 1] = this.#merger.write(bytes, start, end, this.#cachedIds, begin)
    }
    const stop = this.#cachedStarts[word + 1]
    for (let i = begin; i < stop; i++) target[offset + i - begin] = this.#cachedIds[i]
    return offset + stop - begin
  }
}

/** Bytes of every token but end of text. */
function tokenBytes(merges: Int32Array): Uint8Array[] {
  const tokens = singleBytes()
  const known = new Set<string>()
  for (let i = 0; i < merges.length; i += 2) {
    const [left, right] = [merges[i], merges[i + 1]]
    const below = (id: number) => id >= 0 && id < tokens.length
    if (!below(left) || !below(right) || known.has(`${left} ${right}`)) {
      throw new Error(`merge ${i / 2} (${left}, ${right}) is not a new pair of ids below its own`)
    }
    known.add(`${left} ${right}`)
    const bytes = Buffer.concat([tokens[left], tokens[right]])
    if (bytes.length > 2 * MAX_WORD_BYTES) {
      throw new Error(`merge ${i / 2} makes a token longer than any word`)
    }
    tokens.push(bytes)
  }
  return tokens
}
