import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentHash, splitShare } from '../../../src/corpora/ingestion/content-hash.js'
import { HashSet } from '../../../src/corpora/ingestion/hash-set.js'

test('knows what was added before, as a set of texts does', () => {
  // Few values for each word, so that hashes meet in all but one, and are zero in parts or whole.
  const word = fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1)
  const hashes = fc.array(fc.array(word, { minLength: 4, maxLength: 4 }), { maxLength: 400 })
  fc.assert(
    fc.property(hashes, (added) => {
      const set = new HashSet()
      const known = new Set<string>()
      for (const words of added) {
        const hash = Buffer.alloc(20)
        for (const [i, value] of words.entries()) hash.writeUInt32LE(value, 4 + 4 * i)
        expect(set.add(hash, 4)).toBe(!known.has(words.join()))
        known.add(words.join())
      }
      expect(set.size).toBe(known.size)
    }),
    { seed: 1 },
  )
})

test('holds 100,000 hashes in at most 40 bytes each, and finds every one again', () => {
  const set = new HashSet()
  const hashes = Array.from({ length: 100_000 }, (_, i) =>
    createHash('sha256').update(`${i}`).digest(),
  )
  let largest = 0
  const refused = hashes.filter((hash, i) => {
    const added = set.add(hash)
    if (i > 1000) largest = Math.max(largest, set.bytes / set.size)
    return !added
  })
  expect(refused).toEqual([])
  expect(largest).toBeLessThanOrEqual(40.01)
  expect(hashes.filter((hash) => set.add(hash))).toEqual([])
  expect(set.size).toBe(100_000)
})

test('the share that decides about the split is the leading 52 bits of SHA-256', () => {
  const hash = contentHash(Buffer.from('abc'))
  expect(hash.toString('hex')).toMatch(/^ba7816bf8f01c/)
  expect(splitShare(hash)).toBe(Number(0xba7816bf8f01cn) / 2 ** 52)
})
