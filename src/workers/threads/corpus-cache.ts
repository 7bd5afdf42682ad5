import { loadCorpus } from '../../corpora/index.js'
import type { SharedCorpus } from '../../corpora/types.js'

/** How long a corpus that no training reads stays in memory: the next trial of a search comes a moment later. */
const IDLE_MS = 60_000

interface Entry {
  corpus: Promise<SharedCorpus>
  users: number
  timer?: NodeJS.Timeout
}

/**
 * Corpora in shared memory, each loaded once for all trainings of this process. Reading goes into the shared memory
 * directly and leaves the event loop free.
 */
export class CorpusCache {
  readonly #entries = new Map<string, Entry>()
  readonly #idleMs: number

  /** @param idleMs how long a corpus that nobody uses is kept */
  constructor(idleMs = IDLE_MS) {
    this.#idleMs = idleMs
  }

  /** Folders of the corpora in memory. */
  get folders(): string[] {
    return [...this.#entries.keys()]
  }

  /** Does the work with the corpus of a folder, which stays in memory until the work is done. */
  async use<T>(folder: string, work: (corpus: SharedCorpus) => Promise<T>): Promise<T> {
    const entry = this.#entryOf(folder)
    entry.users++
    clearTimeout(entry.timer)
    try {
      return await work(await entry.corpus)
    } finally {
      entry.users--
      if (entry.users === 0) this.#releaseLater(folder, entry)
    }
  }

  clear(): void {
    for (const { timer } of this.#entries.values()) clearTimeout(timer)
    this.#entries.clear()
  }

  #entryOf(folder: string): Entry {
    const known = this.#entries.get(folder)
    if (known) return known
    const entry: Entry = { corpus: loadCorpus(folder), users: 0 }
    this.#entries.set(folder, entry)
    // One that could not be loaded is tried again by the next.
    entry.corpus.catch(() => this.#forget(folder, entry))
    return entry
  }

  #releaseLater(folder: string, entry: Entry): void {
    entry.timer = setTimeout(() => this.#forget(folder, entry), this.#idleMs)
    entry.timer.unref()
  }

  #forget(folder: string, entry: Entry): void {
    if (this.#entries.get(folder) === entry) this.#entries.delete(folder)
  }
}
