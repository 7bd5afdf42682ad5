/** Lets work of one key run one after the other, in the order it came; work of different keys side by side. */
export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Whether work of the key has begun or waits. */
  isBusy(key: string): boolean {
    return this.#last.has(key)
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const result = before ? before.then(work) : work()
    const ended = result.then(
      () => {},
      () => {},
    )
    this.#last.set(key, ended)
    try {
      return await result
    } finally {
      if (this.#last.get(key) === ended) this.#last.delete(key)
    }
  }
}
