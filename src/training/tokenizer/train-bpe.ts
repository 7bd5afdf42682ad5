import { MixwrightError } from '../../errors.js'
import { BpeTokenizer } from './bpe-tokenizer.js'
import { FIRST_MERGE } from './merger.js'
import { PairHeap } from './pair-heap.js'
import { PairIndex, type WordIds } from './pair-index.js'
import type { Tokenizer } from './types.js'
import { grown, WordTable } from './word-table.js'
import { wordEnd } from './words.js'

export const SMALLEST_BPE = FIRST_MERGE + 1
export const LARGEST_BPE = 65_536

/** A pair met once says nothing about other text. */
const LEAST_COUNT = 2

/**
 * Byte-level byte-pair encoding (Sennrich et al. 2016, on bytes as in Radford et al. 2019): the pair of neighbouring
 * tokens that occurs most often in the sample becomes a token, until the vocabulary is full. Pairs are counted inside
 * words (see `WORD_PATTERN`); between pairs that occur equally often, the one with the lower left id comes first, then
 * the one with the lower right id. The order of the documents makes no difference.
 *
 * Takes about 30 bytes of memory for each byte of the sample's distinct words.
 * @param sample texts, or UTF-8 bytes; read once
 * @param options.vocabularySize 257 to 65,536, bytes and end of text included. A sample in which no pair occurs twice any
 * more ends the training early: the tokenizer's `vocabularySize` is then smaller.
 * @throws MixwrightError `validation-failed` for another size
 */
export function trainBpe(
  sample: Iterable<string | Uint8Array>,
  options: { vocabularySize: number },
): Tokenizer {
  const { vocabularySize } = options
  checkSize(vocabularySize)
  return new BpeTokenizer(learnMerges(distinctWords(sample), vocabularySize - SMALLEST_BPE))
}

function checkSize(size: number): void {
  if (Number.isInteger(size) && size >= SMALLEST_BPE && size <= LARGEST_BPE) return
  const detail = `The vocabulary size is ${size}; it must be a whole number from ${SMALLEST_BPE} to ${LARGEST_BPE}.`
  throw new MixwrightError('validation-failed', detail, [
    { pointer: '/tokenizer/vocabularySize', detail },
  ])
}

function distinctWords(sample: Iterable<string | Uint8Array>): WordIds {
  const encoder = new TextEncoder()
  const table = new WordTable()
  let counts = new Uint32Array(1 << 10)
  for (const text of sample) {
    const bytes = typeof text === 'string' ? encoder.encode(text) : text
    for (let start = 0; start < bytes.length; ) {
      const end = wordEnd(bytes, start)
      const word = table.intern(bytes, start, end)
      counts = grown(counts, word + 1)
      counts[word]++
      start = end
    }
  }
  return wordIds(table, counts)
}

function wordIds(table: WordTable, counts: Uint32Array): WordIds {
  const ids = new Int32Array(table.byteLength)
  const weights = new Uint32Array(table.byteLength)
  const starts = new Int32Array(table.size + 1)
  for (let word = 0; word < table.size; word++) {
    const bytes = table.bytesOf(word)
    ids.set(bytes, starts[word])
    starts[word + 1] = starts[word] + bytes.length
    weights.fill(counts[word], starts[word], starts[word + 1])
  }
  return { ids, counts: weights, starts }
}

/** @returns (merges × 2) ids of left and right, in the order they were learned */
function learnMerges(words: WordIds, most: number): Int32Array {
  const index = new PairIndex(words)
  const heap = new PairHeap(index)
  const merges = new Int32Array(2 * most)
  let seen = 0
  let count = 0
  for (; count < most; count++) {
    for (; seen < index.pairs.size; seen++) heap.push(seen)
    const pair = heap.pop(LEAST_COUNT)
    if (pair < 0) break
    merges[2 * count] = index.pairs.left(pair)
    merges[2 * count + 1] = index.pairs.right(pair)
    index.merge(pair, FIRST_MERGE + count)
  }
  return merges.slice(0, 2 * count)
}
