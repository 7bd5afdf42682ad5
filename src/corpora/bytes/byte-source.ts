import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { ZstdDecoder } from './zstd-decoder.js'

const CHUNK_BYTES = 1 << 18
/** Of a compressed file, so that what one chunk unfolds to stays small too. */
const COMPRESSED_CHUNK_BYTES = 1 << 15

export type Compression = 'none' | 'gzip' | 'zstd'

/** A regular file, read from front to back in constant memory; links are not followed. */
export class ByteSource {
  readonly compression: Compression
  /** Bytes that are read; what is appended later is not seen. */
  readonly size: number
  readonly #fd: number
  #position = 0

  /**
   * @param path real, without links
   * @param size bytes to read, the size of the file when it was planned
   * @throws Error when it is not a file, is shorter, or may not be read
   */
  constructor(path: string, size: number) {
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const stats = fstatSync(this.#fd)
      if (!stats.isFile()) throw new Error('it is not a regular file')
      requireSame(path, stats)
      if (stats.size < size) throw new Error('the file has shrunk while it was being ingested')
      this.size = size
      this.compression = sniff(this.read(0, Math.min(4, size)))
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Bytes of the file, as it lies on the disk, that the chunks have come to. */
  get position(): number {
    return this.#position
  }

  /** Bytes of the file as it lies on the disk. @throws Error when it has fewer */
  read(start: number, count: number): Buffer<ArrayBuffer> {
    const bytes = Buffer.allocUnsafeSlow(count)
    for (let filled = 0; filled < count; ) {
      const read = readSync(this.#fd, bytes, filled, count - filled, start + filled)
      if (read === 0) throw new Error('the file ends before what should be in it')
      filled += read
    }
    return bytes
  }

  /** The content, decompressed, in chunks. @param from offset to begin at; only for files that are not compressed */
  chunks(from = 0): AsyncGenerator<Uint8Array> {
    if (this.compression === 'none') return this.#plain(from, CHUNK_BYTES)
    const raw = this.#plain(0, COMPRESSED_CHUNK_BYTES)
    return this.compression === 'gzip' ? gunzipped(raw) : unzstd(raw)
  }

  close(): void {
    closeSync(this.#fd)
  }

  async *#plain(from: number, chunkBytes: number): AsyncGenerator<Uint8Array> {
    for (let at = from; at < this.size; at = this.#position) {
      const chunk = this.read(at, Math.min(chunkBytes, this.size - at))
      this.#position = at + chunk.length
      yield chunk
    }
  }
}

/** The folders that the file lies in may have been replaced since its path was found. */
function requireSame(path: string, { dev, ino }: Stats): void {
  const there = statSync(path)
  const same = there.dev === dev && there.ino === ino && realpathSync.native(path) === path
  if (!same) throw new Error('it is not where it was: a folder on its way was replaced by a link')
}

function sniff(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  const frame = head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd
  const skippable = (head[0] & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d
  return frame || (skippable && head[3] === 0x18) ? 'zstd' : 'none'
}

async function* gunzipped(raw: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip()
  // The iteration below throws what goes wrong in any part of the pipeline.
  pipeline(Readable.from(raw), gunzip, () => {})
  try {
    yield* gunzip
  } catch (error) {
    throw new Error(`its gzip stream is broken: ${(error as Error).message}`)
  }
}

async function* unzstd(raw: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = await ZstdDecoder.create()
  try {
    for await (const chunk of raw) yield* decoder.write(chunk)
    decoder.end()
  } catch (error) {
    throw new Error(`its zstd stream is broken: ${(error as Error).message}`)
  }
}
