import type { Tokenizer } from './types.js'
import { ByteVocabulary, END_OF_TEXT, hashOfJson, singleBytes } from './vocabulary.js'

const BYTES = 256

/** Every UTF-8 byte is a token; the id after them ends a text. */
export class BytesTokenizer implements Tokenizer {
  readonly kind = 'bytes'
  readonly vocabularySize = BYTES + 1
  readonly endOfText = BYTES
  readonly hash: string
  readonly #vocabulary = new ByteVocabulary([...singleBytes(), Buffer.from(END_OF_TEXT)])

  constructor() {
    this.hash = hashOfJson(this.toJSON())
  }

  encode(text: string): Int32Array {
    return new Int32Array(Buffer.from(text))
  }

  decode(ids: Int32Array): string {
    return this.#vocabulary.decode(ids)
  }

  toJSON(): string {
    return JSON.stringify({ kind: this.kind })
  }
}
