import type { ModelConfig } from '../types.js'

/** Back ends read past the end of a table without a word, so ids are checked before. */
function checkIds(ids: Int32Array, vocabulary: number): void {
  const bad = ids.find((id) => id < 0 || id >= vocabulary)
  if (bad !== undefined) {
    throw new RangeError(`token id ${bad} is not in the vocabulary, 0 to ${vocabulary - 1}`)
  }
}

/** @returns number of sequences */
export function checkedRows(sequences: Int32Array, { context, vocabulary }: ModelConfig): number {
  const rows = sequences.length / (context + 1)
  if (!Number.isInteger(rows)) {
    throw new RangeError(`${sequences.length} token ids are not whole sequences of ${context + 1}`)
  }
  checkIds(sequences, vocabulary)
  return rows
}

export function checkedTokens(tokens: Int32Array, { context, vocabulary }: ModelConfig): void {
  if (tokens.length < 1 || tokens.length > context) {
    throw new RangeError(`the text before has to have 1 to ${context} tokens, not ${tokens.length}`)
  }
  checkIds(tokens, vocabulary)
}
