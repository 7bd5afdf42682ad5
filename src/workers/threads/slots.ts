import { MixwrightError } from '../../errors.js'

/**
 * Lets a number of tasks run at a time and the others wait in the order they came. Piscina has a queue as well, but
 * what waits there is forgotten when the last thread is ended by an abort.
 */
export class Slots {
  readonly #maxWaiting: number
  readonly #waiting = new Set<() => void>()
  #free: number

  constructor(count: number, maxWaiting: number) {
    this.#free = count
    this.#maxWaiting = maxWaiting
  }

  /**
   * Runs the task when its turn has come.
   * @throws MixwrightError `overloaded` when too many wait; Error when the signal is aborted before its turn
   */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal)
    try {
      return await task()
    } finally {
      this.#leave()
    }
  }

  async #enter(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw abortedBeforeTurn(signal)
    if (this.#free > 0) {
      this.#free--
      return
    }
    if (this.#waiting.size >= this.#maxWaiting) {
      throw new MixwrightError('overloaded', 'All threads are busy, and many tasks wait for one.')
    }
    await new Promise<void>((resolve, reject) => {
      const onTurn = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const onAbort = () => {
        this.#waiting.delete(onTurn)
        reject(abortedBeforeTurn(signal))
      }
      this.#waiting.add(onTurn)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Passes the slot on to whoever has waited longest. */
  #leave(): void {
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      next()
      return
    }
    this.#free++
  }
}

function abortedBeforeTurn(signal?: AbortSignal): Error {
  return new Error('aborted before its turn', { cause: signal?.reason })
}
