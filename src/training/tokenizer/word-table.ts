/** `array` if it holds `length` entries, else a longer copy. */
export function grown<T extends Uint8Array | Int32Array | Uint32Array | Float64Array>(
  array: T,
  length: number,
): T {
  if (length <= array.length) return array
  const Longer = array.constructor as new (length: number) => T
  const longer = new Longer(Math.max(length, 2 * array.length))
  longer.set(array)
  return longer
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193)
  // The low bits choose the slot; the high ones are mixed better.
  return hash ^ (hash >>> 15)
}

/** Byte strings, numbered from 0 in the order they were first met. No string is made of them. */
export class WordTable {
  #size = 0
  #pool = new Uint8Array(1 << 12)
  /** Word → where it begins in the pool; one entry more than words. */
  #starts = new Int32Array(1 << 9)
  #hashes = new Int32Array(1 << 9)
  /** Open addressing, half full at most: word + 1, or 0. */
  #slots = new Int32Array(1 << 10)

  get size(): number {
    return this.#size
  }

  /** Bytes of all words. */
  get byteLength(): number {
    return this.#starts[this.#size]
  }

  /** Number of the word; `size` before the call when it is new. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    const hash = hashOf(bytes, start, end)
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const word = this.#slots[slot] - 1
      if (this.#hashes[word] === hash && this.#holds(word, bytes, start, end)) return word
    }
    this.#slots[slot] = this.#size + 1
    return this.#append(hash, bytes, start, end)
  }

  /** The bytes of a word, valid until the next call of `intern` or `clear`. */
  bytesOf(word: number): Uint8Array {
    return this.#pool.subarray(this.#starts[word], this.#starts[word + 1])
  }

  clear(): void {
    this.#size = 0
    this.#slots.fill(0)
  }

  #holds(word: number, bytes: Uint8Array, start: number, end: number): boolean {
    const begin = this.#starts[word]
    if (this.#starts[word + 1] - begin !== end - start) return false
    for (let i = start; i < end; i++) {
      if (this.#pool[begin + i - start] !== bytes[i]) return false
    }
    return true
  }

  #append(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const word = this.#size++
    const begin = this.#starts[word]
    this.#pool = grown(this.#pool, begin + end - start)
    for (let i = start; i < end; i++) this.#pool[begin + i - start] = bytes[i]
    this.#starts = grown(this.#starts, word + 2)
    this.#starts[word + 1] = begin + end - start
    this.#hashes = grown(this.#hashes, word + 1)
    this.#hashes[word] = hash
    if (2 * this.#size > this.#slots.length) this.#rehash()
    return word
  }

  #rehash(): void {
    const slots = new Int32Array(2 * this.#slots.length)
    const mask = slots.length - 1
    for (let word = 0; word < this.#size; word++) {
      let slot = this.#hashes[word] & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = word + 1
    }
    this.#slots = slots
  }
}
