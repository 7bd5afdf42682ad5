import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { Compressors } from 'hyparquet'
import { ZstdDecoder } from '../bytes/zstd-decoder.js'

/** Bytes that one page, or one column of a row group, may unfold to. */
export const MAX_UNFOLDED_BYTES = 2 ** 30

type Codec = (input: Uint8Array, outputLength: number) => Uint8Array

/**
 * Decompressors that never write more than the page says it has: Node's own where it has one, the walker of zstd frames that files
 * are read with, and hyparquet-compressors for the rest.
 */
export async function loadCodecs(): Promise<Compressors> {
  const [{ compressors }, zstd] = await Promise.all([
    import('hyparquet-compressors'),
    import('fzstd'),
  ])
  const codecs: Record<string, Codec | undefined> = {
    ...compressors,
    GZIP: (input, length) => gunzipSync(input, { maxOutputLength: Math.max(length, 1) }),
    BROTLI: (input, length) =>
      brotliDecompressSync(input, { maxOutputLength: Math.max(length, 1) }),
    ZSTD: (input, length) => unzstd(new ZstdDecoder(zstd.Decompress), input, length),
  }
  return Object.fromEntries(
    Object.entries(codecs).flatMap(([name, codec]) => (codec ? [[name, exact(name, codec)]] : [])),
  )
}

function exact(name: string, codec: Codec): Codec {
  return (input, length) => {
    if (length > MAX_UNFOLDED_BYTES) {
      throw new Error(
        `a page has ${length} bytes, more than the ${MAX_UNFOLDED_BYTES} that are read`,
      )
    }
    const output = codec(input, length)
    if (output.length === length) return output
    throw new Error(`a ${name} page holds ${output.length} bytes and says that it has ${length}`)
  }
}

function unzstd(decoder: ZstdDecoder, input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length)
  let filled = 0
  for (const part of decoder.write(input)) {
    output.set(part, filled)
    filled += part.length
  }
  decoder.end()
  return output.subarray(0, filled)
}
