import { grown } from './word-table.js'

function hashOf(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)
  return hash ^ (hash >>> 15)
}

/** Pairs of ids, numbered from 0 in the order they were added. */
export class PairTable {
  #size = 0
  #left = new Int32Array(1 << 8)
  #right = new Int32Array(1 << 8)
  /** Open addressing, half full at most: pair + 1, or 0. */
  #slots = new Int32Array(1 << 10)

  get size(): number {
    return this.#size
  }

  left(pair: number): number {
    return this.#left[pair]
  }

  right(pair: number): number {
    return this.#right[pair]
  }

  /** Number of the pair, or −1. */
  find(left: number, right: number): number {
    return this.#slots[this.#slotOf(left, right)] - 1
  }

  /** Number of the pair; `size` before the call when it is new. */
  intern(left: number, right: number): number {
    const slot = this.#slotOf(left, right)
    if (this.#slots[slot] !== 0) return this.#slots[slot] - 1
    const pair = this.#size++
    this.#slots[slot] = pair + 1
    this.#left = grown(this.#left, pair + 1)
    this.#right = grown(this.#right, pair + 1)
    this.#left[pair] = left
    this.#right[pair] = right
    if (2 * this.#size > this.#slots.length) this.#rehash()
    return pair
  }

  /** The slot that holds the pair, or the empty one where it belongs. */
  #slotOf(left: number, right: number): number {
    const mask = this.#slots.length - 1
    let slot = hashOf(left, right) & mask
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const pair = this.#slots[slot] - 1
      if (this.#left[pair] === left && this.#right[pair] === right) break
    }
    return slot
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length)
    for (let pair = 0; pair < this.#size; pair++) {
      this.#slots[this.#slotOf(this.#left[pair], this.#right[pair])] = pair + 1
    }
  }
}
