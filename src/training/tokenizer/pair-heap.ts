import type { PairIndex } from './pair-index.js'
import { grown } from './word-table.js'

/**
 * The most frequent pair of an index; between equals the one with the lower left id, then the lower right id. Counts may
 * fall while pairs wait: a pair is put back where it belongs when its turn comes with a count that is no longer so.
 */
export class PairHeap {
  readonly #index: PairIndex
  #heap = new Int32Array(1 << 8)
  #size = 0
  /** Pair → its count when it took its place. */
  #placed = new Float64Array(1 << 8)

  constructor(index: PairIndex) {
    this.#index = index
  }

  /** @param pair one that was never in the heap */
  push(pair: number): void {
    this.#heap = grown(this.#heap, this.#size + 1)
    this.#placed = grown(this.#placed, pair + 1)
    this.#placed[pair] = this.#index.count(pair)
    let at = this.#size++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#precedes(pair, this.#heap[parent])) break
      this.#heap[at] = this.#heap[parent]
      at = parent
    }
    this.#heap[at] = pair
  }

  /** Takes out the first pair; −1 when none occurs `minimum` times. */
  pop(minimum: number): number {
    while (this.#size > 0) {
      const pair = this.#heap[0]
      const count = this.#index.count(pair)
      if (this.#placed[pair] === count) {
        if (count < minimum) return -1
        this.#sink(this.#heap[--this.#size])
        return pair
      }
      this.#placed[pair] = count
      this.#sink(pair)
    }
    return -1
  }

  #precedes(a: number, b: number): boolean {
    if (this.#placed[a] !== this.#placed[b]) return this.#placed[a] > this.#placed[b]
    const { pairs } = this.#index
    if (pairs.left(a) !== pairs.left(b)) return pairs.left(a) < pairs.left(b)
    return pairs.right(a) < pairs.right(b)
  }

  /** Puts the pair in the place of the first one, and below those that precede it. */
  #sink(pair: number): void {
    let at = 0
    for (let child = 1; child < this.#size; child = 2 * at + 1) {
      const other = child + 1
      if (other < this.#size && this.#precedes(this.#heap[other], this.#heap[child])) child = other
      if (!this.#precedes(this.#heap[child], pair)) break
      this.#heap[at] = this.#heap[child]
      at = child
    }
    this.#heap[at] = pair
  }
}
