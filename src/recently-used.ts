/** Keeps the values of the keys used last, at most `size` of them. */
export class RecentlyUsed<V> {
  readonly #values = new Map<string, V>()
  readonly #size: number

  constructor(size: number) {
    this.#size = size
  }

  /** The value kept for the key, or a new one. */
  get(key: string, make: () => V): V {
    const value = this.#values.has(key) ? (this.#values.get(key) as V) : make()
    this.#values.delete(key)
    this.#values.set(key, value)
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#size) break
      this.#values.delete(oldest)
    }
    return value
  }
}
