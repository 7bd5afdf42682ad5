import { setImmediate as nextTurn } from 'node:timers/promises'
import type { IngestProgress } from '../types.js'

/** Computing between two looks at the signal; it can only come when the event loop turns. */
const TURN_MS = 20
const REPORT_MS = 100

/** Gives way to the event loop, and tells how far things are, at most ten times a second. */
export class Pacer {
  readonly #signal: AbortSignal | undefined
  readonly #onProgress: ((progress: IngestProgress) => void) | undefined
  #turned = Number.NEGATIVE_INFINITY
  #reported = Number.NEGATIVE_INFINITY

  constructor(signal?: AbortSignal, onProgress?: (progress: IngestProgress) => void) {
    this.#signal = signal
    this.#onProgress = onProgress
  }

  /** Whether it is time for a `turn`. */
  get due(): boolean {
    return performance.now() - this.#turned >= TURN_MS
  }

  /** @throws the signal's reason once it is aborted */
  async turn(progress: IngestProgress): Promise<void> {
    await nextTurn()
    this.#signal?.throwIfAborted()
    this.#turned = performance.now()
    if (this.#turned - this.#reported >= REPORT_MS) this.report(progress)
  }

  /** Tells at once, for what should not be left out: the first and the last of a phase. */
  report(progress: IngestProgress): void {
    this.#reported = performance.now()
    this.#onProgress?.(progress)
  }
}
