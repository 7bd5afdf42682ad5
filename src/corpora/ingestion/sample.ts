/**
 * Shares out a number of bytes evenly: the same to all, and what small ones cannot use to the others.
 * @param sizes bytes that each has
 */
export function evenShares(total: number, sizes: readonly number[]): number[] {
  const shares = sizes.map(() => 0)
  const ascending = sizes.map((_, i) => i).sort((a, b) => sizes[a] - sizes[b] || a - b)
  let left = total
  for (const [place, i] of ascending.entries()) {
    shares[i] = Math.min(sizes[i], Math.floor(left / (sizes.length - place)))
    left -= shares[i]
  }
  return shares
}

/**
 * Documents from all parts of a domain, `share` bytes together: one is taken whenever what was taken lags behind its share
 * of what was passed. The last one, or one too large, is cut between two letters.
 * @param documents valid UTF-8, `size` bytes together
 */
export function* evenSample(
  documents: Iterable<Buffer>,
  size: number,
  share: number,
): Generator<Buffer> {
  let passed = 0
  let taken = 0
  for (const text of documents) {
    passed += text.length
    if (taken >= (share / size) * passed) continue
    const part = text.subarray(0, letterEnd(text, share - taken))
    taken += part.length
    yield part
    if (share - taken < LONGEST_LETTER) return
  }
}

const LONGEST_LETTER = 4

/** The last place, at most `limit`, where a letter ends. */
function letterEnd(text: Buffer, limit: number): number {
  let end = Math.min(limit, text.length)
  while (end > 0 && end < text.length && (text[end] & 0xc0) === 0x80) end--
  return end
}
