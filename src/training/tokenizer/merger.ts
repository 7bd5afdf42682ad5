import { PairTable } from './pair-table.js'
import { MAX_WORD_BYTES } from './words.js'

/** The id of the first merge: below are the bytes. */
export const FIRST_MERGE = 256

/** The longest word: one cut in the middle of a character of four bytes. */
const LONGEST = MAX_WORD_BYTES + 3
const NO_MERGE = 0x7fffffff

/** Applies merges to words: of all that fit, the one learned first, everywhere in the word, until none fits. */
export class Merger {
  readonly #merges = new PairTable()
  readonly #ids = new Int32Array(LONGEST)
  /** Position → rank of the merge of the ids there and right of it. */
  readonly #ranks = new Int32Array(LONGEST)

  /** @param merges (merges × 2) distinct pairs of ids, in the order they were learned */
  constructor(merges: Int32Array) {
    for (let i = 0; i < merges.length; i += 2) this.#merges.intern(merges[i], merges[i + 1])
  }

  /**
   * Writes the ids of one word into `target` from `offset` on.
   * @returns the offset after them
   */
  write(bytes: Uint8Array, start: number, end: number, target: Int32Array, offset: number): number {
    const ids = this.#ids
    let length = end - start
    for (let i = 0; i < length; i++) ids[i] = bytes[start + i]
    for (let i = 0; i + 1 < length; i++) this.#ranks[i] = this.#rank(ids[i], ids[i + 1])
    for (let rank = this.#lowest(length); rank !== NO_MERGE; rank = this.#lowest(length)) {
      length = this.#merge(length, rank)
    }
    for (let i = 0; i < length; i++) target[offset + i] = ids[i]
    return offset + length
  }

  #rank(left: number, right: number): number {
    const rank = this.#merges.find(left, right)
    return rank < 0 ? NO_MERGE : rank
  }

  #lowest(length: number): number {
    const ranks = this.#ranks
    let lowest = NO_MERGE
    for (let i = 0; i + 1 < length; i++) if (ranks[i] < lowest) lowest = ranks[i]
    return lowest
  }

  /** One pass over the word. Only the neighbours of the new id have new ranks. */
  #merge(length: number, rank: number): number {
    const ids = this.#ids
    const ranks = this.#ranks
    const merged = FIRST_MERGE + rank
    let to = 0
    for (let from = 0; from < length; from++, to++) {
      const fits = from + 1 < length && ranks[from] === rank
      ids[to] = fits ? merged : ids[from]
      if (fits) from++
      ranks[to] = ranks[from]
      if (to > 0 && (fits || ids[to - 1] === merged)) {
        ranks[to - 1] = this.#rank(ids[to - 1], ids[to])
      }
    }
    return to
  }
}
