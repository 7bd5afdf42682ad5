import { MixwrightError } from '../../errors.js'

export interface TimeLimitOptions {
  /** Of computing, on all threads together; any number when left out. */
  mostSeconds?: number
  /** Tasks at the same time. */
  atOnce: number
  /** Tasks in all. */
  total: number
  /** Tasks after which each kind has been seen once. */
  round: number
}

/** Ends replays that would take too long: when those that are done show it, and at last by the clock. */
export class TimeLimit {
  readonly #options: TimeLimitOptions
  /** Aborted when the time is over. */
  readonly signal: AbortSignal
  #done = 0
  #seconds = 0

  constructor(options: TimeLimitOptions) {
    const { mostSeconds, atOnce } = options
    this.#options = options
    this.signal =
      mostSeconds === undefined
        ? new AbortController().signal
        : AbortSignal.timeout(Math.ceil((1000 * mostSeconds) / atOnce))
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
    const { mostSeconds = 0, atOnce, total } = this.#options
    const time = durationText(mostSeconds / atOnce)
    return new MixwrightError(
      'backtest-too-large',
      `After ${time} ${this.#done} of ${total} replays were done; the rest was given up.`,
    )
  }
}

function durationText(seconds: number): string {
  if (seconds < 120) return `${Math.max(1, Math.round(seconds))} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}
