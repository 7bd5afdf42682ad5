import type { Decompress } from 'fzstd'
import { ByteQueue } from './byte-queue.js'
import { Xxh64 } from './xxh64.js'

/** Larger windows lie beyond the distance that the decoder can reach back (2^25 bytes). */
const LARGEST_WINDOW = 1 << 25
const LARGEST_BLOCK = 1 << 17

const FRAME_MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50

type Stage = 'magic' | 'descriptor' | 'header' | 'block' | 'body' | 'checksum' | 'skip-size'

/** What the frame at hand said of itself, and what has become of it. */
interface Frame {
  readonly decoder: Decompress
  readonly checksum: Xxh64 | undefined
  readonly largestBlock: number
  readonly contentSize: number | undefined
  written: number
}

/**
 * Decompresses zstd (RFC 8878) as a stream, frame after frame. The frames and blocks are walked here, so that a stream that ends
 * too early, a wrong checksum, a window out of reach and a content of another size than stated are errors; what is inside
 * a block is the library's work, one block (≤ 128 KiB of content) at a time.
 */
export class ZstdDecoder {
  readonly #queue = new ByteQueue()
  readonly #Decompress: typeof Decompress
  #stage: Stage = 'magic'
  #need = 4
  #skip = 0
  #header: Uint8Array = new Uint8Array(0)
  #block: Uint8Array = new Uint8Array(0)
  #frame: Frame | undefined
  #decoded: Uint8Array[] = []

  /** Loads the library. */
  static async create(): Promise<ZstdDecoder> {
    const { Decompress } = await import('fzstd')
    return new ZstdDecoder(Decompress)
  }

  constructor(decompress: typeof Decompress) {
    this.#Decompress = decompress
  }

  /** What becomes of the next bytes. @throws Error for bytes that are not zstd */
  *write(chunk: Uint8Array): Generator<Uint8Array> {
    this.#queue.push(chunk)
    for (;;) {
      if (this.#skip > 0) this.#skip -= this.#queue.drop(this.#skip)
      if (this.#skip > 0 || this.#queue.length < this.#need) return
      this.#advance(this.#queue.take(this.#need))
      yield* this.#decoded
      this.#decoded = []
    }
  }

  /** @throws Error when the bytes ended inside a frame */
  end(): void {
    const between = this.#stage === 'magic' && this.#skip === 0 && this.#queue.length === 0
    if (!between) throw new Error('the stream ends in the middle of a frame')
  }

  #advance(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    switch (this.#stage) {
      case 'magic':
        this.#begin(bytes, view.getUint32(0, true))
        break
      case 'descriptor':
        this.#expectHeader(bytes[0])
        break
      case 'header':
        this.#open(bytes)
        break
      case 'block':
        this.#expectBody(bytes)
        break
      case 'body':
        this.#decode(bytes)
        break
      case 'checksum':
        this.#close(bytes, view.getUint32(0, true))
        break
      case 'skip-size':
        this.#skip = view.getUint32(0, true)
        this.#expect('magic', 4)
    }
  }

  #expect(stage: Stage, bytes: number): void {
    this.#stage = stage
    this.#need = bytes
  }

  #begin(bytes: Uint8Array, magic: number): void {
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      this.#expect('skip-size', 4)
    } else if (magic === FRAME_MAGIC) {
      this.#header = bytes.slice()
      this.#expect('descriptor', 1)
    } else {
      throw new Error('a frame does not begin as zstd frames do')
    }
  }

  #expectHeader(descriptor: number): void {
    if (descriptor & 8) throw new Error('a frame uses a reserved feature')
    this.#header = Uint8Array.of(...this.#header, descriptor)
    const size = headerSizes(descriptor)
    this.#expect('header', size.window + size.dictionary + size.content)
  }

  #open(bytes: Uint8Array): void {
    const descriptor = this.#header[4]
    const size = headerSizes(descriptor)
    if (bytes.subarray(size.window, size.window + size.dictionary).some((byte) => byte !== 0)) {
      throw new Error('it was compressed with a dictionary, which cannot be given here')
    }
    const contentSize = contentSizeOf(bytes.subarray(size.window + size.dictionary))
    const window = size.window === 0 ? (contentSize ?? 0) : windowSize(bytes[0])
    if (window > LARGEST_WINDOW) {
      throw new Error(
        `its window of ${window} bytes is larger than the ${LARGEST_WINDOW} that can be read: ` +
          'compress it at a level of at most 19, and without --long',
      )
    }
    this.#header = Uint8Array.of(...this.#header, ...bytes)
    this.#frame = {
      decoder: new this.#Decompress((decoded) => this.#take(decoded)),
      checksum: descriptor & 4 ? new Xxh64() : undefined,
      largestBlock: Math.min(window, LARGEST_BLOCK),
      contentSize,
      written: 0,
    }
    this.#frame.decoder.push(this.#header)
    this.#expect('block', 3)
  }

  #expectBody(bytes: Uint8Array): void {
    const type = (bytes[0] >> 1) & 3
    const size = (bytes[0] >> 3) | (bytes[1] << 5) | (bytes[2] << 13)
    if (type === 3) throw new Error('a block is of a reserved type')
    if (size > this.#current.largestBlock)
      throw new Error('a block is larger than its frame allows')
    this.#block = bytes.slice()
    this.#expect('body', type === 1 ? 1 : size)
  }

  #decode(bytes: Uint8Array): void {
    const last = (this.#block[0] & 1) === 1
    this.#block = joined(this.#block, bytes)
    if (!last) {
      this.#current.decoder.push(this.#block)
      this.#expect('block', 3)
    } else if (this.#current.checksum) {
      this.#expect('checksum', 4)
    } else {
      this.#current.decoder.push(this.#block, true)
      this.#finish()
    }
  }

  #close(bytes: Uint8Array, expected: number): void {
    this.#current.decoder.push(joined(this.#block, bytes), true)
    if (this.#current.checksum?.digestLow() !== expected) {
      throw new Error('the checksum of a frame is not that of its content')
    }
    this.#finish()
  }

  #finish(): void {
    const { contentSize, written } = this.#current
    if (contentSize !== undefined && contentSize !== written) {
      throw new Error(`a frame holds ${written} bytes and says that it has ${contentSize}`)
    }
    this.#frame = undefined
    this.#expect('magic', 4)
  }

  #take(decoded: Uint8Array): void {
    if (decoded.length === 0) return
    this.#current.written += decoded.length
    this.#current.checksum?.update(decoded)
    this.#decoded.push(decoded)
  }

  get #current(): Frame {
    if (!this.#frame) throw new Error('there is no frame')
    return this.#frame
  }
}

/** Bytes of the fields that follow a frame header descriptor. */
function headerSizes(descriptor: number): { window: number; dictionary: number; content: number } {
  const singleSegment = (descriptor >> 5) & 1
  const contentFlag = descriptor >> 6
  return {
    window: 1 - singleSegment,
    dictionary: [0, 1, 2, 4][descriptor & 3],
    content: contentFlag === 0 ? singleSegment : 1 << contentFlag,
  }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

function contentSizeOf(field: Uint8Array): number | undefined {
  if (field.length === 0) return undefined
  const size = field.reduce((sum, byte, i) => sum + byte * 256 ** i, 0)
  return field.length === 2 ? size + 256 : size
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}
