/** Turns text into token ids and back. Deterministic, and the same in every thread it is restored in. */
export interface Tokenizer {
  readonly kind: 'bpe' | 'bytes' | 'huggingface'
  /** Number of ids, the end-of-text token included. */
  readonly vocabularySize: number
  /** Ends every document in a shard. */
  readonly endOfText: number
  /** SHA-256 (hex) of `toJSON()`. */
  readonly hash: string
  /** Ids of the text, without an end-of-text token. */
  encode(text: string): Int32Array
  /** Ids that are not whole UTF-8 together come back as U+FFFD. */
  decode(ids: Int32Array): string
  /** JSON text that `restoreTokenizer` takes. */
  toJSON(): string
}

export type TokenizerSpec =
  /** Byte-level BPE trained on a sample of the corpus. */
  | { kind: 'bpe'; vocabularySize: number }
  | { kind: 'bytes' }
  /** Text of a Hugging Face `tokenizer.json`. */
  | { kind: 'huggingface'; json: string }
