import { fileURLToPath } from 'node:url'
import type { Transferable } from 'node:worker_threads'
import { Piscina } from 'piscina'
import { MixwrightError } from '../../errors.js'
import { threadEntry } from '../../thread-entry.js'
import { type ThreadReply, unwrapReply } from './replies.js'
import { Slots } from './slots.js'

/** A thread that was idle for this long ends and gives its memory back. */
const IDLE_MS = 60_000

/** Tasks that may wait for a thread before further ones are refused as `overloaded`. */
const MAX_WAITING = 256

const STOPPING = 'The service is stopping.'

export interface ThreadRunOptions {
  transferList?: Transferable[]
  signal?: AbortSignal
  turnSignal?: AbortSignal
  /** Called when the wait for a thread is over. */
  onStart?: () => void
}

/** Threads that run any of the thread entries beside this file. They start when they are needed. */
export class ThreadGroup {
  readonly #pool: Piscina
  readonly #slots: Slots
  #closed = false

  constructor(maxThreads: number, maxHeapMiB: number) {
    this.#slots = new Slots(maxThreads, MAX_WAITING)
    this.#pool = new Piscina({
      minThreads: 0,
      maxThreads,
      idleTimeout: IDLE_MS,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB },
      // With atomics a thread that waits for its next task is deaf to everything else, its message ports included.
      atomics: 'disabled',
    })
    // Failures of tasks reject their promises; this event is about a thread that fails while it has none.
    this.#pool.on('error', (error) => process.emitWarning(error as Error))
  }

  /**
   * Runs the `run` function of a thread entry. A signal that is aborted ends the thread at once, whatever it is at;
   * a `turnSignal` only ends the wait for a thread.
   * @throws MixwrightError as the thread has thrown it, `overloaded` when too many tasks wait, `unavailable` when closing
   */
  async run<T>(
    entry: `./${string}.js`,
    message: object,
    { transferList, signal, turnSignal = signal, onStart }: ThreadRunOptions = {},
  ): Promise<T> {
    const filename = fileURLToPath(threadEntry(import.meta.url, entry))
    const reply = await this.#slots.run(() => {
      if (this.#closed) throw new MixwrightError('unavailable', STOPPING)
      onStart?.()
      return this.#pool.run(message, { filename, name: 'run', transferList, signal }).catch(explain)
    }, turnSignal)
    return unwrapReply(reply as ThreadReply<T>)
  }

  /** Ends all threads; their tasks, and those that wait, are rejected. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#pool.destroy()
  }
}

/** Piscina's own errors have no classes and no codes, only messages. */
function explain(error: unknown): never {
  const { message, code } = error as { message?: string; code?: string }
  if (message === 'Terminating worker thread') {
    throw new MixwrightError('unavailable', STOPPING)
  }
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    throw new Error('The computation needs more memory than a thread may use.', { cause: error })
  }
  throw error
}
