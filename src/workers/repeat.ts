export interface RepeatedWork {
  /** One round, now; rounds never overlap. Rejects when the round does. */
  now(): Promise<void>
  /** Resolves when the last round is over. */
  close(): Promise<void>
}

/**
 * Does the work again and again, with pauses in between.
 * @param intervalMs asked for before each pause when it is a function
 * @param onError told of rounds that failed by the clock
 */
export function repeat(
  work: () => Promise<void>,
  intervalMs: number | (() => number),
  onError: (error: unknown) => void,
): RepeatedWork {
  let last: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let closed = false

  function now(): Promise<void> {
    const round = last.then(work)
    last = round.catch(() => {})
    return round
  }

  function schedule(): void {
    if (closed) return
    const pauseMs = typeof intervalMs === 'number' ? intervalMs : intervalMs()
    timer = setTimeout(async () => {
      await now().catch(onError)
      schedule()
    }, pauseMs)
    timer.unref()
  }

  schedule()
  return {
    now,
    async close() {
      closed = true
      clearTimeout(timer)
      await last
    },
  }
}
