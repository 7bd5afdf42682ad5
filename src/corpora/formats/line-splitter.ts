const NEWLINE = 10

export interface Line {
  /** Counted from 1. */
  readonly number: number
  /** Without the newline; undefined for a line that is longer than the limit. */
  readonly bytes: Uint8Array | undefined
}

/** Cuts chunks into lines. Of a line beyond the limit nothing is kept, however long it is. */
export class LineSplitter {
  readonly #maxLineBytes: number
  #parts: Uint8Array[] = []
  #partBytes = 0
  #number: number
  #offset: number

  /** @param from where the first chunk begins */
  constructor(maxLineBytes: number, from: { byte: number; record: number }) {
    this.#maxLineBytes = maxLineBytes
    this.#number = from.record
    this.#offset = from.byte
  }

  /** Lines passed on. */
  get lines(): number {
    return this.#number
  }

  /** Offset of the first line that was not passed on. */
  get offset(): number {
    return this.#offset
  }

  /** The lines that the chunk ends. */
  *push(chunk: Uint8Array): Generator<Line> {
    let start = 0
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start)
      if (end < 0) break
      this.#keep(chunk.subarray(start, end))
      this.#offset++
      yield this.#take()
      start = end + 1
    }
    this.#keep(chunk.subarray(start))
  }

  /** What remains when there is no newline at the end. */
  *end(): Generator<Line> {
    if (this.#partBytes > 0) yield this.#take()
  }

  #keep(part: Uint8Array): void {
    if (part.length === 0) return
    this.#partBytes += part.length
    if (this.#partBytes > this.#maxLineBytes) this.#parts = []
    else this.#parts.push(part)
  }

  #take(): Line {
    const tooLong = this.#partBytes > this.#maxLineBytes
    const [first = new Uint8Array(0), ...rest] = this.#parts
    const bytes = rest.length === 0 ? first : Buffer.concat(this.#parts)
    this.#number++
    this.#offset += this.#partBytes
    this.#parts = []
    this.#partBytes = 0
    return { number: this.#number, bytes: tooLong ? undefined : bytes }
  }
}
