import { createHash } from 'node:crypto'

/** How decoded text shows the end of a document. */
export const END_OF_TEXT = '<|endoftext|>'

/** SHA-256 (hex) of a tokenizer's JSON. */
export function hashOfJson(json: string): string {
  return createHash('sha256').update(json).digest('hex')
}

/** @throws RangeError for an id that is not in the vocabulary */
export function checkIds(ids: Int32Array, vocabularySize: number): void {
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] < 0 || ids[i] >= vocabularySize) {
      throw new RangeError(
        `Token id ${ids[i]} at position ${i} is not in the vocabulary; ids go from 0 to ${vocabularySize - 1}.`,
      )
    }
  }
}

/** The bytes that stand for every id, and text from them. */
export class ByteVocabulary {
  readonly #bytes: readonly Uint8Array[]
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })

  /** @param bytes of each id */
  constructor(bytes: readonly Uint8Array[]) {
    this.#bytes = bytes
  }

  decode(ids: Int32Array): string {
    checkIds(ids, this.#bytes.length)
    let length = 0
    for (const id of ids) length += this.#bytes[id].length
    const text = new Uint8Array(length)
    let at = 0
    for (const id of ids) {
      text.set(this.#bytes[id], at)
      at += this.#bytes[id].length
    }
    return this.#decoder.decode(text)
  }
}

/** The 256 bytes, each a token, in order. */
export function singleBytes(): Uint8Array[] {
  return Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))
}
