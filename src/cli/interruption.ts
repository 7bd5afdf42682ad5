import { InterruptedError } from './failures.js'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Runs work that ends early, and leaves things in order, when the user interrupts it.
 * @param work is told by the signal, whose abortion is not its failure
 * @throws InterruptedError after an interruption, once the work has ended
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const interrupt = () => controller.abort()
  for (const signal of SIGNALS) process.on(signal, interrupt)
  try {
    const result = await work(controller.signal)
    if (controller.signal.aborted) throw new InterruptedError()
    return result
  } catch (error) {
    throw controller.signal.aborted ? new InterruptedError() : error
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt)
  }
}
