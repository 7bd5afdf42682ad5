import { MixwrightError } from '../../errors.js'

export interface TimeLimitOptions {
  /** Of computing, on all threads together; any number when left out. */
  mostSeconds?: number
  /** Tasks in all. */
  total: number
  /** Tasks after which each kind has been seen once. */
  round: number
}

/** The longest that a timer takes. */
const LONGEST_MS = 2 ** 31 - 1

/**
 * Ends replays that would take too long: when those that are done show it, and at last by the clock, which counts the time that tasks
 * are at work, of each its own.
 */
export class TimeLimit {
  readonly #options: TimeLimitOptions
  readonly #over = new AbortController()
  #done = 0
  /** Of the tasks that are done. */
  #seconds = 0
  #atWork = 0
  #usedMs = 0
  #countedAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: TimeLimitOptions) {
    this.#options = options
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** A task is at work from now on, until the function that this returns is called. */
  began(): () => void {
    this.#count(1)
    return () => this.#count(-1)
  }

  /**
   * A task is done, after so many seconds.
   * @throws MixwrightError `backtest-too-large` when all together would take longer than they may
   */
  ended(seconds: number): void {
    this.#done += 1
    this.#seconds += seconds
    const { mostSeconds = Number.POSITIVE_INFINITY, total, round } = this.#options
    const expected = (this.#seconds / this.#done) * total
    if (this.#done < round || expected <= mostSeconds) return
    throw new MixwrightError(
      'backtest-too-large',
      `The first ${this.#done} of ${total} replays took ${durationText(this.#seconds)} of computing; all would take about ` +
        `${durationText(expected)}, and may take ${durationText(mostSeconds)}.`,
    )
  }

  /** What to say when the signal was aborted. */
  get refusal(): MixwrightError {
    const { mostSeconds = 0, total } = this.#options
    return new MixwrightError(
      'backtest-too-large',
      `After ${durationText(mostSeconds)} of computing ${this.#done} of ${total} replays were done; the rest was given up.`,
    )
  }

  #count(change: 1 | -1): void {
    const now = performance.now()
    this.#usedMs += this.#atWork * (now - this.#countedAt)
    this.#countedAt = now
    this.#atWork += change
    this.#watch()
  }

  /** Looks again when the time would be over if no task began or ended until then. */
  #watch(): void {
    clearTimeout(this.#timer)
    const { mostSeconds } = this.#options
    if (mostSeconds === undefined || this.#atWork === 0) return
    const left = Math.ceil((1000 * mostSeconds - this.#usedMs) / this.#atWork)
    if (left <= LONGEST_MS) this.#timer = setTimeout(() => this.#over.abort(), Math.max(0, left))
  }
}

function durationText(seconds: number): string {
  if (seconds < 120) return `${Math.max(1, Math.round(seconds))} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}
