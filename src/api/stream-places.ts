import { MixwrightError } from '../errors.js'
import type { Metrics } from '../metrics/index.js'

/** How many event streams a process may have open. Each costs memory and a descriptor for as long as somebody listens. */
export class StreamPlaces {
  readonly #limit: number
  readonly #instruments: Metrics['instruments']
  #taken = 0

  constructor(limit: number, { instruments }: Pick<Metrics, 'instruments'>) {
    this.#limit = limit
    this.#instruments = instruments
  }

  /**
   * Takes a place.
   * @returns gives it back; once
   * @throws MixwrightError `overloaded` when all are taken
   */
  take(): () => void {
    if (this.#taken >= this.#limit) {
      this.#instruments.eventStreamsRefused.inc()
      throw new MixwrightError(
        'overloaded',
        `This process has ${this.#limit} event streams open, and that is the most it may have.`,
      )
    }
    this.#change(1)
    let isGiven = true
    return () => {
      if (isGiven) this.#change(-1)
      isGiven = false
    }
  }

  #change(by: number): void {
    this.#taken += by
    this.#instruments.eventStreams.set(this.#taken)
  }
}
