import type { ApiKeyRecord, ApiKeyRepository } from '../store/key-contract.js'

/** How old what the store said about a key may be: a key that is revoked elsewhere works no longer than that. */
const OLDEST_MS = 5_000
/** Uses are noted in the store once a minute. */
const TOUCH_MS = 60_000
const LARGEST = 1_000

interface Answer<T> {
  answer: Promise<T>
  /** When the question was put, whenever the answer came. */
  askedAt: number
}

/** Keys as the store knew them at most five seconds ago. Only those that are there are kept, 1,000 at most. */
export class KeyCache {
  readonly #keys: ApiKeyRepository
  readonly #now: () => number
  readonly #entries = new Map<string, Answer<ApiKeyRecord | undefined>>()
  #any: Answer<boolean> | undefined

  /** @param now milliseconds since 1970 */
  constructor(keys: ApiKeyRepository, now: () => number) {
    this.#keys = keys
    this.#now = now
  }

  /**
   * Many who ask at once share one look into the store.
   * @param hash of the key
   * @param oldestMs how old the answer may be
   */
  find(hash: string, oldestMs = OLDEST_MS): Promise<ApiKeyRecord | undefined> {
    const known = this.#entries.get(hash)
    if (known && this.#isFresh(known, oldestMs)) return known.answer
    const entry = { answer: this.#look(hash), askedAt: this.#now() }
    this.#entries.delete(hash)
    this.#entries.set(hash, entry)
    this.#dropOldest()
    const forget = () => {
      if (this.#entries.get(hash) === entry) this.#entries.delete(hash)
    }
    entry.answer.then((record) => {
      if (!record) forget()
    }, forget)
    return entry.answer
  }

  /** Whether the key was there when it was last looked for. */
  has(hash: string): boolean {
    return this.#entries.has(hash)
  }

  /** The next question about the key, and about whether there is any, goes to the store. */
  forget(hash: string): void {
    this.#entries.delete(hash)
    this.#any = undefined
  }

  /** The next question about whether there is any key goes to the store. */
  forgetAny(): void {
    this.#any = undefined
  }

  /** @param oldestMs how old the answer may be */
  anyUnrevoked(oldestMs = OLDEST_MS): Promise<boolean> {
    if (this.#any && this.#isFresh(this.#any, oldestMs)) return this.#any.answer
    const any = { answer: this.#keys.anyUnrevoked(), askedAt: this.#now() }
    this.#any = any
    any.answer.catch(() => {
      if (this.#any === any) this.#any = undefined
    })
    return any.answer
  }

  #isFresh({ askedAt }: Answer<unknown>, oldestMs: number): boolean {
    return this.#now() < askedAt + oldestMs
  }

  async #look(hash: string): Promise<ApiKeyRecord | undefined> {
    // How long the comparison takes tells of hashes only, and nobody can choose those.
    const record = await this.#keys.findByHash(hash)
    if (record && this.#now() - (record.lastUsedAt?.getTime() ?? 0) >= TOUCH_MS) {
      // A note is not worth failing a request for, nor making it wait.
      this.#keys.touch(record.id).catch(() => {})
    }
    return record
  }

  #dropOldest(): void {
    if (this.#entries.size <= LARGEST) return
    const [oldest] = this.#entries.keys()
    this.#entries.delete(oldest)
  }
}
