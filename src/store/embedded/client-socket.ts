import { Duplex } from 'node:stream'

/** The way from one client's socket to the database's thread. */
export interface ClientLink {
  open(): void
  /** Takes the bytes over: they are transferred. */
  send(bytes: Uint8Array<ArrayBuffer>): void
  close(): void
}

/** What `pg` takes for a TCP socket to a server: bytes go to the database's thread and come from it. */
export class ClientSocket extends Duplex {
  readonly #link: ClientLink
  #isClosed = false

  constructor(link: ClientLink) {
    super({ allowHalfOpen: false })
    this.#link = link
  }

  connect(): this {
    this.#link.open()
    process.nextTick(() => this.emit('connect'))
    return this
  }

  /** Bytes from the database; null when it has hung up. */
  deliver(bytes: Uint8Array | null): void {
    if (!this.destroyed) this.push(bytes)
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  override _read(): void {}

  override _writev(
    chunks: { chunk: Buffer; encoding: BufferEncoding }[],
    callback: (error?: Error | null) => void,
  ): void {
    const length = chunks.reduce((sum, { chunk }) => sum + chunk.length, 0)
    const bytes = new Uint8Array(length)
    let offset = 0
    for (const { chunk } of chunks) {
      bytes.set(chunk, offset)
      offset += chunk.length
    }
    this.#link.send(bytes)
    callback()
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#close()
    this.push(null)
    callback()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#close()
    callback(error)
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#link.close()
  }
}
