import { HASH_BYTES } from './content-hash.js'

const WORDS = HASH_BYTES / 4
const SMALLEST_CAPACITY = 1024
/** A set that has just doubled is 0.4 full: at most 40 bytes a hash, and 60 while it doubles. */
const FULLEST = 0.8

/** A set of 128-bit hashes: open addressing with linear probing in one typed array. */
export class HashSet {
  #slots = new Uint32Array(SMALLEST_CAPACITY * WORDS)
  #capacity = SMALLEST_CAPACITY
  #size = 0
  /** The hash that marks an empty slot has a place of its own. */
  #hasZero = false

  get size(): number {
    return this.#size + (this.#hasZero ? 1 : 0)
  }

  /** Memory of the slots. */
  get bytes(): number {
    return this.#slots.byteLength
  }

  /** Adds the 16 bytes at `offset`. @returns false when they were there already */
  add(hash: Buffer, offset = 0): boolean {
    const a = hash.readUInt32LE(offset)
    const b = hash.readUInt32LE(offset + 4)
    const c = hash.readUInt32LE(offset + 8)
    const d = hash.readUInt32LE(offset + 12)
    if ((a | b | c | d) === 0) {
      const added = !this.#hasZero
      this.#hasZero = true
      return added
    }
    if (this.#size >= this.#capacity * FULLEST) this.#grow()
    const slot = this.#find(a, b, c, d)
    if (!this.#isEmpty(slot)) return false
    this.#put(slot, a, b, c, d)
    this.#size++
    return true
  }

  /** The slot that holds the hash, or the empty one where it belongs. */
  #find(a: number, b: number, c: number, d: number): number {
    const slots = this.#slots
    for (let place = d % this.#capacity; ; place = (place + 1) % this.#capacity) {
      const slot = place * WORDS
      if (this.#isEmpty(slot)) return slot
      const same =
        slots[slot] === a && slots[slot + 1] === b && slots[slot + 2] === c && slots[slot + 3] === d
      if (same) return slot
    }
  }

  #isEmpty(slot: number): boolean {
    const slots = this.#slots
    return (slots[slot] | slots[slot + 1] | slots[slot + 2] | slots[slot + 3]) === 0
  }

  #put(slot: number, a: number, b: number, c: number, d: number): void {
    this.#slots[slot] = a
    this.#slots[slot + 1] = b
    this.#slots[slot + 2] = c
    this.#slots[slot + 3] = d
  }

  #grow(): void {
    const old = this.#slots
    this.#capacity *= 2
    this.#slots = new Uint32Array(this.#capacity * WORDS)
    for (let i = 0; i < old.length; i += WORDS) {
      const [a, b, c, d] = [old[i], old[i + 1], old[i + 2], old[i + 3]]
      if ((a | b | c | d) !== 0) this.#put(this.#find(a, b, c, d), a, b, c, d)
    }
  }
}
