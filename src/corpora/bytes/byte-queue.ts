/** Bytes that came in chunks, to be taken in other portions. Each byte is copied at most once. */
export class ByteQueue {
  #chunks: Uint8Array[] = []
  #offset = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** The first `count` bytes. @throws RangeError when there are fewer */
  take(count: number): Uint8Array {
    if (count > this.#length) throw new RangeError(`${count} bytes of ${this.#length}`)
    const first = this.#chunks[0]
    if (count > 0 && first.length - this.#offset >= count) {
      const taken = first.subarray(this.#offset, this.#offset + count)
      this.#advance(count)
      return taken
    }
    const taken = new Uint8Array(count)
    for (let filled = 0; filled < count; ) {
      const part = this.#chunks[0].subarray(this.#offset, this.#offset + count - filled)
      taken.set(part, filled)
      filled += part.length
      this.#advance(part.length)
    }
    return taken
  }

  /** Drops at most `count` bytes. @returns how many */
  drop(count: number): number {
    const dropped = Math.min(count, this.#length)
    for (let left = dropped; left > 0; ) {
      const step = Math.min(left, this.#chunks[0].length - this.#offset)
      this.#advance(step)
      left -= step
    }
    return dropped
  }

  #advance(count: number): void {
    this.#offset += count
    this.#length -= count
    if (this.#offset < this.#chunks[0].length) return
    this.#chunks.shift()
    this.#offset = 0
  }
}
