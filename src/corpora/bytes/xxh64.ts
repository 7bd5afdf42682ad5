/**
 * XXH64 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md) with seed 0, of which a zstd frame carries the low 32 bits as its
 * checksum. 64-bit numbers are pairs of 32-bit halves: BigInt would take fifty times as long,
 * and halves beyond the signed range (hence `| 0`) three times.
 */

interface Word {
  hi: number
  lo: number
}

const PRIME1_HI = 0x9e3779b1 | 0
const PRIME1_LO = 0x85ebca87 | 0
const PRIME2_HI = 0xc2b2ae3d | 0
const PRIME2_LO = 0x27d4eb4f | 0
const PRIME1: Word = { hi: PRIME1_HI, lo: PRIME1_LO }
const PRIME2: Word = { hi: PRIME2_HI, lo: PRIME2_LO }
const PRIME3: Word = { hi: 0x165667b1, lo: 0x9e3779f9 | 0 }
const PRIME4: Word = { hi: 0x85ebca77 | 0, lo: 0xc2b2ae63 | 0 }
const PRIME5: Word = { hi: 0x27d4eb2f, lo: 0x165667c5 }

const STRIPE = 32

function add(word: Word, hi: number, lo: number): void {
  const sum = (word.lo >>> 0) + (lo >>> 0)
  word.lo = sum | 0
  word.hi = (word.hi + hi + (sum > 0xffffffff ? 1 : 0)) | 0
}

/** High half of the product of two unsigned 32-bit numbers. */
function productHigh(a: number, b: number): number {
  const a0 = a & 0xffff
  const a1 = a >>> 16
  const b0 = b & 0xffff
  const b1 = b >>> 16
  const left = Math.imul(a1, b0)
  const right = Math.imul(a0, b1)
  const middle = (Math.imul(a0, b0) >>> 16) + (left & 0xffff) + (right & 0xffff)
  return (Math.imul(a1, b1) + (left >>> 16) + (right >>> 16) + (middle >>> 16)) | 0
}

function multiply(word: Word, by: Word): void {
  const { hi, lo } = word
  word.hi = (productHigh(lo, by.lo) + Math.imul(hi, by.lo) + Math.imul(lo, by.hi)) | 0
  word.lo = Math.imul(lo, by.lo)
}

/** @param bits 1 to 31 */
function rotateLeft(word: Word, bits: number): void {
  const { hi, lo } = word
  word.hi = (hi << bits) | (lo >>> (32 - bits))
  word.lo = (lo << bits) | (hi >>> (32 - bits))
}

/** In plain numbers, as it is done for every eight bytes. */
function round(lane: Word, hi: number, lo: number): void {
  const inputLo = Math.imul(lo, PRIME2_LO)
  const inputHi =
    (productHigh(lo, PRIME2_LO) + Math.imul(hi, PRIME2_LO) + Math.imul(lo, PRIME2_HI)) | 0
  const sum = (lane.lo >>> 0) + (inputLo >>> 0)
  const sumLo = sum | 0
  const sumHi = (lane.hi + inputHi + (sum > 0xffffffff ? 1 : 0)) | 0
  const rotatedHi = (sumHi << 31) | (sumLo >>> 1)
  const rotatedLo = (sumLo << 31) | (sumHi >>> 1)
  lane.lo = Math.imul(rotatedLo, PRIME1_LO)
  lane.hi =
    (productHigh(rotatedLo, PRIME1_LO) +
      Math.imul(rotatedHi, PRIME1_LO) +
      Math.imul(rotatedLo, PRIME1_HI)) |
    0
}

function xorShifted(word: Word, bits: number): void {
  const { hi, lo } = word
  if (bits < 32) {
    word.lo = lo ^ ((lo >>> bits) | (hi << (32 - bits)))
    word.hi = hi ^ (hi >>> bits)
  } else {
    word.lo = lo ^ (bits === 32 ? hi : hi >>> (bits - 32))
  }
}

const word32 = (bytes: Uint8Array, at: number) =>
  bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)

/** The hash of bytes that come in chunks. */
export class Xxh64 {
  readonly #lanes: Word[] = [
    { hi: 0x60ea27ee, lo: 0xadc0b5d6 | 0 },
    { ...PRIME2 },
    { hi: 0, lo: 0 },
    { hi: 0x61c8864e, lo: 0x7a143579 },
  ]
  readonly #tail = new Uint8Array(STRIPE)
  #tailLength = 0
  #total = 0

  update(bytes: Uint8Array): void {
    this.#total += bytes.length
    let at = 0
    if (this.#tailLength > 0) {
      at = Math.min(STRIPE - this.#tailLength, bytes.length)
      this.#tail.set(bytes.subarray(0, at), this.#tailLength)
      this.#tailLength += at
      if (this.#tailLength < STRIPE) return
      this.#stripe(this.#tail, 0)
    }
    for (; at + STRIPE <= bytes.length; at += STRIPE) this.#stripe(bytes, at)
    this.#tail.set(bytes.subarray(at))
    this.#tailLength = bytes.length - at
  }

  /** Low 32 bits of the hash, unsigned. */
  digestLow(): number {
    const hash = this.#total >= STRIPE ? this.#merged() : { ...PRIME5 }
    add(hash, Math.floor(this.#total / 2 ** 32), this.#total | 0)
    this.#addTail(hash)
    xorShifted(hash, 33)
    multiply(hash, PRIME2)
    xorShifted(hash, 29)
    multiply(hash, PRIME3)
    xorShifted(hash, 32)
    return hash.lo >>> 0
  }

  #stripe(bytes: Uint8Array, at: number): void {
    for (let lane = 0; lane < 4; lane++) {
      const start = at + 8 * lane
      round(this.#lanes[lane], word32(bytes, start + 4), word32(bytes, start))
    }
  }

  #merged(): Word {
    const hash = { hi: 0, lo: 0 }
    for (const [lane, bits] of [1, 7, 12, 18].entries()) {
      const rotated = { ...this.#lanes[lane] }
      rotateLeft(rotated, bits)
      add(hash, rotated.hi, rotated.lo)
    }
    for (const { hi, lo } of this.#lanes) {
      const mixed = { hi: 0, lo: 0 }
      round(mixed, hi, lo)
      hash.hi ^= mixed.hi
      hash.lo ^= mixed.lo
      multiply(hash, PRIME1)
      add(hash, PRIME4.hi, PRIME4.lo)
    }
    return hash
  }

  #addTail(hash: Word): void {
    let at = 0
    for (; at + 8 <= this.#tailLength; at += 8) {
      const mixed = { hi: 0, lo: 0 }
      round(mixed, word32(this.#tail, at + 4), word32(this.#tail, at))
      hash.hi ^= mixed.hi
      hash.lo ^= mixed.lo
      rotateLeft(hash, 27)
      multiply(hash, PRIME1)
      add(hash, PRIME4.hi, PRIME4.lo)
    }
    if (at + 4 <= this.#tailLength) {
      const mixed = { hi: 0, lo: word32(this.#tail, at) }
      multiply(mixed, PRIME1)
      hash.hi ^= mixed.hi
      hash.lo ^= mixed.lo
      rotateLeft(hash, 23)
      multiply(hash, PRIME2)
      add(hash, PRIME3.hi, PRIME3.lo)
      at += 4
    }
    for (; at < this.#tailLength; at++) {
      const mixed = { hi: 0, lo: this.#tail[at] }
      multiply(mixed, PRIME5)
      hash.hi ^= mixed.hi
      hash.lo ^= mixed.lo
      rotateLeft(hash, 11)
      multiply(hash, PRIME1)
    }
  }
}
