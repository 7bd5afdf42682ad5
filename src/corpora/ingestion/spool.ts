import { closeSync, openSync, readSync } from 'node:fs'
import type { AppendFile } from './disk.js'

const CHUNK_BYTES = 1 << 20
const PREFIX_BYTES = 4

/** Adds a document to a spool: its length (uint32, little-endian) and its UTF-8 bytes. */
export function writeDocument(spool: AppendFile, text: Uint8Array): void {
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
  prefix.writeUInt32LE(text.length)
  spool.write(prefix)
  spool.write(text)
}

/** The documents of a spool. What is passed on is overwritten by the next one. */
export function* readSpool(file: string): Generator<Buffer> {
  const fd = openSync(file, 'r')
  try {
    const reader = new SpoolReader(fd)
    for (;;) {
      const prefix = reader.read(PREFIX_BYTES)
      if (!prefix) return
      const text = reader.read(prefix.readUInt32LE())
      if (!text) throw new Error(`${file} ends in the middle of a document`)
      yield text
    }
  } finally {
    closeSync(fd)
  }
}

class SpoolReader {
  readonly #fd: number
  #buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  #start = 0
  #end = 0

  constructor(fd: number) {
    this.#fd = fd
  }

  /** The next bytes, or undefined when there are not so many. */
  read(count: number): Buffer | undefined {
    if (this.#end - this.#start < count) this.#fill(count)
    if (this.#end - this.#start < count) return undefined
    const bytes = this.#buffer.subarray(this.#start, this.#start + count)
    this.#start += count
    return bytes
  }

  #fill(count: number): void {
    const kept = this.#buffer.subarray(this.#start, this.#end)
    const target = count > this.#buffer.length ? Buffer.allocUnsafeSlow(count) : this.#buffer
    target.set(kept)
    this.#buffer = target
    this.#start = 0
    this.#end = kept.length
    while (this.#end < count) {
      const read = readSync(this.#fd, target, this.#end, target.length - this.#end, null)
      if (read === 0) return
      this.#end += read
    }
  }
}
