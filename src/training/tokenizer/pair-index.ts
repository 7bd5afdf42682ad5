import { PairTable } from './pair-table.js'
import { grown } from './word-table.js'

const NONE = -1

/** Distinct words as rows of ids, one position an id. */
export interface WordIds {
  /** (positions) ids, word after word. */
  readonly ids: Int32Array
  /** (positions) how often the word of each position occurs. */
  readonly counts: Uint32Array
  /** (words + 1) position where each word begins, and the end. */
  readonly starts: Int32Array
}

/**
 * Every pair of neighbouring ids in a set of words, how often it occurs, and where: the structure of Re-Pair (Larsson and
 * Moffat 2000). The positions of a pair are a doubly linked list threaded through arrays, so that replacing a pair
 * costs what its own occurrences cost.
 */
export class PairIndex {
  readonly pairs = new PairTable()
  #counts = new Float64Array(1 << 8)
  /** Pair → a position where it stands, by its left id. */
  #heads = new Int32Array(1 << 8)
  readonly #ids: Int32Array
  readonly #weights: Uint32Array
  /** Position → neighbouring positions of the same word. */
  readonly #after: Int32Array
  readonly #before: Int32Array
  /** Position → the pair whose left id stands there, and the pair's next and previous position. */
  readonly #pairAt: Int32Array
  readonly #nextOf: Int32Array
  readonly #previousOf: Int32Array

  /** Takes over the words: their ids change with every `merge`. */
  constructor(words: WordIds) {
    const positions = words.ids.length
    this.#ids = words.ids
    this.#weights = words.counts
    this.#after = Int32Array.from({ length: positions }, (_, position) => position + 1)
    this.#before = Int32Array.from({ length: positions }, (_, position) => position - 1)
    this.#pairAt = new Int32Array(positions).fill(NONE)
    this.#nextOf = new Int32Array(positions)
    this.#previousOf = new Int32Array(positions)
    for (let word = 0; word + 1 < words.starts.length; word++) {
      const last = words.starts[word + 1] - 1
      this.#before[words.starts[word]] = NONE
      this.#after[last] = NONE
      for (let position = words.starts[word]; position < last; position++) this.#add(position)
    }
  }

  /** Occurrences of the pair in the text; every position counts, also where they overlap (`aaa` holds `aa` twice). */
  count(pair: number): number {
    return this.#counts[pair]
  }

  /** Replaces the pair by one id, from left to right in every word. Only pairs with that id become more frequent. */
  merge(pair: number, id: number): void {
    for (const position of this.#positionsOf(pair)) {
      // An occurrence that overlapped the one replaced before it is gone.
      if (this.#pairAt[position] === pair) this.#replace(position, id)
    }
  }

  #positionsOf(pair: number): Int32Array {
    let count = 0
    for (let at = this.#heads[pair]; at !== NONE; at = this.#nextOf[at]) count++
    const positions = new Int32Array(count)
    count = 0
    for (let at = this.#heads[pair]; at !== NONE; at = this.#nextOf[at]) positions[count++] = at
    return this.pairs.left(pair) === this.pairs.right(pair) ? positions.sort() : positions
  }

  #replace(position: number, id: number): void {
    const right = this.#after[position]
    const before = this.#before[position]
    const after = this.#after[right]
    if (before !== NONE) this.#remove(before)
    this.#remove(position)
    if (after !== NONE) {
      this.#remove(right)
      this.#before[after] = position
    }
    this.#ids[position] = id
    this.#after[position] = after
    if (before !== NONE) this.#add(before)
    if (after !== NONE) this.#add(position)
  }

  #add(position: number): void {
    const isNew = this.pairs.size
    const pair = this.pairs.intern(this.#ids[position], this.#ids[this.#after[position]])
    if (pair === isNew) this.#append(pair)
    const head = this.#heads[pair]
    this.#counts[pair] += this.#weights[position]
    this.#heads[pair] = position
    this.#pairAt[position] = pair
    this.#nextOf[position] = head
    this.#previousOf[position] = NONE
    if (head !== NONE) this.#previousOf[head] = position
  }

  #append(pair: number): void {
    this.#counts = grown(this.#counts, pair + 1)
    this.#heads = grown(this.#heads, pair + 1)
    this.#heads[pair] = NONE
  }

  #remove(position: number): void {
    const pair = this.#pairAt[position]
    const next = this.#nextOf[position]
    const previous = this.#previousOf[position]
    this.#counts[pair] -= this.#weights[position]
    this.#pairAt[position] = NONE
    if (previous === NONE) this.#heads[pair] = next
    else this.#nextOf[previous] = next
    if (next !== NONE) this.#previousOf[next] = previous
  }
}
