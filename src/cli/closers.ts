/** What has been opened, closed in the opposite order. One that fails to close does not keep the others open. */
export class Closers {
  readonly #closers: (() => Promise<unknown>)[] = []

  add(close: () => Promise<unknown>): void {
    this.#closers.push(close)
  }

  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const close of this.#closers.splice(0).reverse()) {
      await close().catch((error) => failures.push(error))
    }
    if (failures.length > 0) throw new AggregateError(failures, 'the service did not close cleanly')
  }
}
