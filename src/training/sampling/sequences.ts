import type { TokenArray } from '../types.js'

/**
 * Sequence k of a row of tokens is tokens k · context … (k + 1) · context: context tokens to read and, moved on by one,
 * the context tokens to predict. Every token but the first is predicted once.
 * @returns number of whole sequences
 */
export function sequenceCount(tokens: TokenArray, context: number): number {
  return Math.max(0, Math.floor((tokens.length - 1) / context))
}

/** Copies sequence `index`, context + 1 ids, into row `row` of `target`. */
export function readSequence(
  tokens: TokenArray,
  index: number,
  context: number,
  target: Int32Array,
  row: number,
): void {
  tokens.read(index * context, context + 1, target, row * (context + 1))
}

/**
 * At most `count` sequences, evenly spaced over the tokens: the same for everyone who asks.
 * @returns (min(count, all there are) × (context + 1))
 */
export function evenlySpacedSequences(
  tokens: TokenArray,
  context: number,
  count: number,
): Int32Array {
  const available = sequenceCount(tokens, context)
  const taken = Math.min(count, available)
  const sequences = new Int32Array(taken * (context + 1))
  for (let row = 0; row < taken; row++) {
    const index = Math.floor(((row + 0.5) * available) / taken)
    readSequence(tokens, index, context, sequences, row)
  }
  return sequences
}
