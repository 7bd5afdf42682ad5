import { xxhash64 } from 'hyparquet/src/xxhash.js'

/** Frames of zstd without an encoder (RFC 8878): raw blocks, and blocks that repeat one byte. */
export type Block = Buffer | Run

interface Run {
  byte: number
  count: number
}

const isRun = (block: Block): block is Run => !Buffer.isBuffer(block)

const lengthOf = (block: Block) => (isRun(block) ? block.count : block.length)

function encodeBlock(block: Block, last: boolean): Buffer {
  const type = isRun(block) ? 1 : 0
  const header = Buffer.alloc(3)
  header.writeUIntLE((lengthOf(block) << 3) | (type << 1) | (last ? 1 : 0), 0, 3)
  return Buffer.concat([header, isRun(block) ? Buffer.of(block.byte) : block])
}

export function contentOf(blocks: readonly Block[]): Buffer {
  return Buffer.concat(
    blocks.map((block) => (isRun(block) ? Buffer.alloc(block.count, block.byte) : block)),
  )
}

export interface FrameOptions {
  checksum?: boolean
  /** States the size of the content. */
  size?: boolean
  /** log2 of the window, from 10. */
  windowLog?: number
}

export function zstdFrame(
  blocks: readonly Block[],
  { checksum = true, size = false, windowLog = 17 }: FrameOptions = {},
): Buffer {
  const descriptor = (size ? 0x80 : 0) | (checksum ? 4 : 0)
  const contentSize = Buffer.alloc(size ? 4 : 0)
  if (size) contentSize.writeUInt32LE(blocks.reduce((sum, block) => sum + lengthOf(block), 0))
  const digest = Buffer.alloc(checksum ? 4 : 0)
  if (checksum) digest.writeUInt32LE(Number(xxhash64(contentOf(blocks)) & 0xffffffffn))
  return Buffer.concat([
    Buffer.of(0x28, 0xb5, 0x2f, 0xfd, descriptor, (windowLog - 10) << 3),
    contentSize,
    ...blocks.map((block, i) => encodeBlock(block, i === blocks.length - 1)),
    digest,
  ])
}

/** Content in frames of raw blocks. */
export function zstdOf(content: Buffer, blockBytes = 100_000): Buffer {
  const blocks: Block[] = []
  for (let at = 0; at === 0 || at < content.length; at += blockBytes) {
    blocks.push(content.subarray(at, at + blockBytes))
  }
  return zstdFrame(blocks)
}

export function skippableFrame(content: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(0x184d2a53)
  header.writeUInt32LE(content.length, 4)
  return Buffer.concat([header, content])
}
