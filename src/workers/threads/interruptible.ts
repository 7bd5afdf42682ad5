import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { MixwrightError } from '../../errors.js'
import { settlesWithin } from '../deadline.js'
import { ThreadGroup } from './thread-group.js'

/**
 * Long work in threads that tells how it goes, and that is asked to stop. A thread that is ended instead, in the middle of
 * native code, takes the whole process with it.
 */

const STOP = 'stop'

/** How long threads may take to stop before they are ended after all. */
const STOP_LIMIT_MS = 15_000

export interface InterruptibleOptions<E> {
  signal?: AbortSignal
  onEvent?: (event: E) => void
}

/** Threads that run entries whose message has a `port` (see `openInterruptible`). */
export class InterruptibleThreads {
  readonly #threads: ThreadGroup
  readonly #atWork = new Set<Promise<unknown>>()
  readonly #stopping = new AbortController()

  constructor(maxThreads: number, maxHeapMiB: number) {
    this.#threads = new ThreadGroup(maxThreads, maxHeapMiB)
  }

  /** @throws the signal's reason once the thread has stopped; otherwise as `ThreadGroup.run` */
  async run<E extends object, T>(
    entry: `./${string}.js`,
    message: object,
    { signal, onEvent }: InterruptibleOptions<E>,
  ): Promise<T> {
    const signals = signal ? [this.#stopping.signal, signal] : [this.#stopping.signal]
    const work = this.#run<E, T>(entry, message, AbortSignal.any(signals), onEvent)
    this.#atWork.add(work)
    try {
      return await work
    } finally {
      this.#atWork.delete(work)
    }
  }

  async #run<E extends object, T>(
    entry: `./${string}.js`,
    message: object,
    signal: AbortSignal,
    onEvent: ((event: E) => void) | undefined,
  ): Promise<T> {
    signal.throwIfAborted()
    const { port1, port2 } = new MessageChannel()
    const hear = (event: E) => onEvent?.(event)
    port1.on('message', hear)
    const stop = () => port1.postMessage(STOP)
    signal.addEventListener('abort', stop, { once: true })
    try {
      const options = { transferList: [port2], turnSignal: signal }
      return await this.#threads.run<T>(entry, { ...message, port: port2 }, options)
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', stop)
      hearTheRest(port1, hear)
      port1.close()
    }
  }

  /** Stops what is at work, which is rejected, and ends the threads. */
  async close(): Promise<void> {
    this.#stopping.abort(new MixwrightError('unavailable', 'The service is stopping.'))
    await settlesWithin(Promise.allSettled(this.#atWork), STOP_LIMIT_MS)
    await this.#threads.close()
  }
}

/** The reply comes by another port, and may overtake events that were posted before it. */
function hearTheRest<E>(port: MessagePort, hear: (event: E) => void): void {
  for (;;) {
    const received = receiveMessageOnPort(port)
    if (!received) return
    hear(received.message as E)
  }
}

export interface Interruptible<E> {
  /** Aborted when the work is to stop. */
  readonly signal: AbortSignal
  post(event: E): void
}

/** In the thread. The other side closes the port when the work has ended. */
export function openInterruptible<E extends object>(port: MessagePort): Interruptible<E> {
  const controller = new AbortController()
  const stop = () => controller.abort(new Error('the work was told to stop'))
  port.on('message', stop)
  port.on('close', stop)
  // What listens on a port keeps its thread alive; whether there is work decides the pool.
  port.unref()
  return { signal: controller.signal, post: (event) => port.postMessage(event) }
}
