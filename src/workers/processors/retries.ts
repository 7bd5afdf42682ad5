import { setTimeout as delay } from 'node:timers/promises'

const TRIES = 6
const FIRST_PAUSE_MS = 250

/** Tries again with pauses that double (8 s in all): a result that took minutes outlasts a short absence of the store. */
export async function withRetries<T>(
  work: () => Promise<T>,
  onError: (error: unknown) => void,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (tries === TRIES) throw error
      onError(error)
      await delay(FIRST_PAUSE_MS * 2 ** (tries - 1))
    }
  }
}
