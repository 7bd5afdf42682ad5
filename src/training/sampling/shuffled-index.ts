import type { Rng } from '../../optimizers/random.js'

const ROUNDS = 8
/** Below 256 places the halves would be too narrow for the rounds to mix. */
const SMALLEST_HALF_BITS = 4

/**
 * A seeded permutation of 0 … length − 1 that is computed place by place and stored nowhere: a Feistel network over the
 * next power of four, followed until it lands inside (cycle walking; Black & Rogaway, "Ciphers with arbitrary finite
 * domains", 2002). A position is therefore all that has to be remembered of a pass over a domain of any size.
 * @param length an integer from 1 to 2^32
 * @returns place → index; each index once
 */
export function shuffledIndex(length: number, rng: Rng): (place: number) => number {
  if (!Number.isInteger(length) || length < 1 || length > 2 ** 32) {
    throw new RangeError(`the length has to be an integer from 1 to 2^32, not ${length}`)
  }
  const halfBits = Math.max(SMALLEST_HALF_BITS, Math.ceil(Math.log2(length) / 2))
  const keys = Uint32Array.from({ length: ROUNDS }, () => rng.integer(2 ** 32))
  return (place) => {
    if (!Number.isInteger(place) || place < 0 || place >= length) {
      throw new RangeError(`the place has to be an integer from 0 to ${length - 1}, not ${place}`)
    }
    let index = place
    do index = feistel(index, halfBits, keys)
    while (index >= length)
    return index
  }
}

function feistel(value: number, halfBits: number, keys: Uint32Array): number {
  const mask = 2 ** halfBits - 1
  let left = Math.floor(value / 2 ** halfBits)
  let right = value & mask
  for (const key of keys) {
    const next = left ^ (mixed(right, key) & mask)
    left = right
    right = next
  }
  return left * 2 ** halfBits + right
}

/** The finaliser of MurmurHash3 (Appleby, public domain) over value and key: every bit of both moves every bit of it. */
function mixed(value: number, key: number): number {
  let hash = value ^ key
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
