import { xxhash64 } from 'hyparquet/src/xxhash.js'
import { expect, test } from 'vitest'
import { Xxh64 } from '../../../src/corpora/bytes/xxh64.js'
import { createRng } from '../../../src/optimizers/random.js'

function low(...chunks: Uint8Array[]): number {
  const hash = new Xxh64()
  for (const chunk of chunks) hash.update(chunk)
  return hash.digestLow()
}

test('agrees with the published values', () => {
  expect(low()).toBe(0x51d8e999)
  expect(low(Buffer.from('abc'))).toBe(0xad770999)
})

test('agrees with a second implementation at every length, however the bytes are cut', () => {
  const rng = createRng(1, 'xxh64')
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, () => rng.integer(256))
    const expected = Number(xxhash64(bytes) & 0xffffffffn)
    const [a, b] = [rng.integer(length + 1), rng.integer(length + 1)].sort((x, y) => x - y)
    expect(low(bytes)).toBe(expected)
    expect(low(bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b))).toBe(expected)
  }
})
