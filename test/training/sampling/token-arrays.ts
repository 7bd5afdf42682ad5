import type { TokenArray } from '../../../src/training/types.js'

/** A row of tokens in memory, with the bounds that the contract asks for. */
export function tokenArray(ids: ArrayLike<number>): TokenArray {
  const tokens = Int32Array.from(ids)
  return {
    length: tokens.length,
    read(start, count, target, offset) {
      if (start < 0 || count < 0 || start + count > tokens.length) {
        throw new RangeError(`tokens ${start} to ${start + count} of ${tokens.length}`)
      }
      target.set(tokens.subarray(start, start + count), offset)
    },
  }
}

/** `length` tokens that count up from `first`: a sequence shows where it was taken from. */
export function countingTokens(length: number, first = 0): TokenArray {
  return tokenArray(Array.from({ length }, (_, i) => first + i))
}
