import type { ApiKeyRecord, ApiKeyRepository } from '../store/key-contract.js'

/** How long what the store said about a key may be used: a key that is revoked elsewhere works no longer than that. */
const FRESH_MS = 5_000
/** Uses are noted in the store once a minute. */
const TOUCH_MS = 60_000
const LARGEST = 1_000

interface Entry {
  found: Promise<ApiKeyRecord | undefined>
  /** The question was put before this time less `FRESH_MS`, whenever the answer came. */
  freshUntil: number
}

/** Keys as the store knew them at most five seconds ago. Only those that are there are kept, 1,000 at most. */
export class KeyCache {
  readonly #keys: ApiKeyRepository
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()
  #any: { answer: Promise<boolean>; freshUntil: number } | undefined

  /** @param now milliseconds since 1970 */
  constructor(keys: ApiKeyRepository, now: () => number) {
    this.#keys = keys
    this.#now = now
  }

  /** @param hash of the key. Many who ask at once share one look into the store. */
  find(hash: string): Promise<ApiKeyRecord | undefined> {
    const known = this.#entries.get(hash)
    if (known && this.#now() < known.freshUntil) return known.found
    const entry = { found: this.#look(hash), freshUntil: this.#now() + FRESH_MS }
    this.#entries.delete(hash)
    this.#entries.set(hash, entry)
    this.#dropOldest()
    const forget = () => {
      if (this.#entries.get(hash) === entry) this.#entries.delete(hash)
    }
    entry.found.then((record) => {
      if (!record) forget()
    }, forget)
    return entry.found
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

  anyValid(): Promise<boolean> {
    if (this.#any && this.#now() < this.#any.freshUntil) return this.#any.answer
    const any = { answer: this.#keys.anyValid(), freshUntil: this.#now() + FRESH_MS }
    this.#any = any
    any.answer.catch(() => {
      if (this.#any === any) this.#any = undefined
    })
    return any.answer
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
