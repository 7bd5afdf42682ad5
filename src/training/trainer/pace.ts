/** Between two progress events, so that whoever watches is neither flooded nor left waiting. */
const REPORT_MILLISECONDS = 200

/** Times the training steps of a run. Only what is shown depends on it. */
export interface Pace {
  /** Adds the time since `start` (performance.now) to that of the steps. */
  add(start: number, loss: number): void
  /** True every so often. */
  isDue(): boolean
  /** Mean loss and steps per second since the last time; begins anew. */
  take(): { loss: number; stepsPerSecond: number }
  /** Spent in steps in all. */
  seconds(): number
}

export function createPace(): Pace {
  let total = 0
  let lossSum = 0
  let steps = 0
  let milliseconds = 0
  return {
    add(start, loss) {
      milliseconds += performance.now() - start
      lossSum += loss
      steps += 1
    },
    isDue: () => milliseconds >= REPORT_MILLISECONDS,
    take() {
      const taken = { loss: lossSum / steps, stepsPerSecond: (1000 * steps) / milliseconds }
      total += milliseconds
      lossSum = 0
      steps = 0
      milliseconds = 0
      return taken
    },
    seconds: () => (total + milliseconds) / 1000,
  }
}
