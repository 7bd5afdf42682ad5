import * as zlib from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { ZstdDecoder } from '../../../src/corpora/bytes/zstd-decoder.js'
import { createRng } from '../../../src/optimizers/random.js'
import { type Block, contentOf, skippableFrame, zstdFrame, zstdOf } from '../support/zstd-frames.js'

async function decoded(bytes: Buffer, chunkBytes = bytes.length): Promise<Buffer> {
  const decoder = await ZstdDecoder.create()
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    parts.push(...decoder.write(bytes.subarray(at, at + chunkBytes)))
  }
  decoder.end()
  return Buffer.concat(parts)
}

/** Made by the reference encoder at level 19, with a checksum: Huffman-coded literals and matches. */
const GOLDEN = Buffer.from(
  'KLUv/QRotQEA1AJUaGUgcXVpY2sgYnJvd24gZm94IGp1bXBzIG92ZXIgdGhlIGxhenkgZG9nLiABAMUW/qoM1/yTEA==',
  'base64',
)
const SENTENCE = 'The quick brown fox jumps over the lazy dog. '

describe('what zstd wrote', () => {
  test('is read as it was, in chunks of any size', async () => {
    for (const chunkBytes of [1, 2, 7, GOLDEN.length]) {
      expect((await decoded(GOLDEN, chunkBytes)).toString()).toBe(SENTENCE.repeat(40))
    }
  })

  test('is read through frames of any make, one after the other', async () => {
    const rng = createRng(1, 'frames')
    for (let round = 0; round < 30; round++) {
      const frames = Array.from({ length: rng.integer(4) + 1 }, () => ({
        blocks: Array.from({ length: rng.integer(4) + 1 }, (): Block => {
          const count = rng.integer(2000)
          if (rng.integer(2) === 0) return { byte: rng.integer(256), count }
          return Buffer.from(Array.from({ length: count }, () => rng.integer(256)))
        }),
        options: { checksum: rng.integer(2) === 0, size: rng.integer(2) === 0 },
      }))
      const bytes = Buffer.concat(
        frames.flatMap(({ blocks, options }) => [
          zstdFrame(blocks, options),
          skippableFrame(Buffer.from('left out')),
        ]),
      )
      const content = Buffer.concat(frames.map(({ blocks }) => contentOf(blocks)))
      expect((await decoded(bytes, 1 + rng.integer(3000))).equals(content)).toBe(true)
    }
  })

  const compress = (zlib as { zstdCompressSync?: (bytes: Buffer) => Buffer }).zstdCompressSync
  test.skipIf(!compress)('is read in blocks that refer to those before', async () => {
    const rng = createRng(2, 'text')
    const words = Array.from({ length: 500 }, () => rng.integer(2 ** 30).toString(36))
    const text = Array.from({ length: 200_000 }, () => words[rng.integer(500)]).join(' ')
    expect((await decoded(compress?.(Buffer.from(text)) ?? Buffer.of())).toString()).toBe(text)
  })
})

describe('a stream that is broken', () => {
  const frame = zstdFrame([Buffer.from('first block'), { byte: 97, count: 50 }], { size: true })

  test('is refused wherever it is cut off', async () => {
    for (const whole of [frame, GOLDEN, zstdOf(Buffer.from('x'.repeat(1000)))]) {
      for (let length = 1; length < whole.length; length++) {
        await expect(decoded(whole.subarray(0, length))).rejects.toThrow('in the middle of a frame')
      }
    }
  })

  test('is refused wherever a bit of a frame with a checksum is turned over', async () => {
    for (let bit = 0; bit < 8 * frame.length; bit++) {
      const broken = Buffer.from(frame)
      broken[bit >> 3] ^= 1 << (bit & 7)
      const windowOrReserved = bit >> 3 === 5 || bit === 4 * 8 + 4
      if (!windowOrReserved) await expect(decoded(broken), `bit ${bit}`).rejects.toThrow()
    }
  })

  test('says what is wrong', async () => {
    const far = zstdFrame([Buffer.from('x')], { windowLog: 27 })
    await expect(decoded(far)).rejects.toThrow('at a level of at most 19, and without --long')
    await expect(decoded(Buffer.from('plain text'))).rejects.toThrow('as zstd frames do')
    await expect(decoded(Buffer.concat([frame, Buffer.from('garbage')]))).rejects.toThrow(
      'as zstd frames do',
    )
    const large = zstdFrame([{ byte: 0, count: 200_000 }], { windowLog: 20 })
    await expect(decoded(large)).rejects.toThrow('larger than its frame allows')
  })
})
