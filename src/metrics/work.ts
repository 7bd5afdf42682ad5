import type { Metrics } from './metrics.js'

/** How a job came to its end in this process. */
export type WorkOutcome = 'finished' | 'refused' | 'cancelled' | 'lost' | 'stopped' | 'failed'

/** Told of work on jobs as it goes on. */
export interface WorkMonitor {
  /** Work on a job begins. The function is called once, at its end. */
  began(kind: string): (outcome: WorkOutcome) => void
  training(): TrainingMonitor
}

/** Told of one training. */
export interface TrainingMonitor {
  /** So many tokens more were trained on, lately at this speed. */
  progress(tokens: number, tokensPerSecond: number): void
  ended(): void
}

/** Counts what workers tell. */
export function monitorWork({ instruments }: Pick<Metrics, 'instruments'>): WorkMonitor {
  const speeds = new Map<object, number>()
  const show = () => {
    let total = 0
    for (const speed of speeds.values()) total += speed
    instruments.trainings.set(speeds.size)
    instruments.trainingSpeed.set(total)
  }
  return {
    began(kind) {
      const begun = performance.now()
      return (outcome) =>
        instruments.jobSeconds.observe({ kind, outcome }, (performance.now() - begun) / 1000)
    },
    training() {
      const training = {}
      speeds.set(training, 0)
      show()
      return {
        progress(tokens, tokensPerSecond) {
          instruments.trainedTokens.inc(tokens)
          speeds.set(training, tokensPerSecond)
          show()
        },
        ended() {
          speeds.delete(training)
          show()
        },
      }
    },
  }
}

/** For work that nobody counts. */
export const UNMONITORED: WorkMonitor = {
  began: () => () => {},
  training: () => ({ progress: () => {}, ended: () => {} }),
}
