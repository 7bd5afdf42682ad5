/** How the learning rate runs over a training. */
export interface ScheduleOptions {
  /** `cosine`: falls along half a cosine after warm-up. `wsd`: stays, then falls linearly (Hu et al. 2024). */
  readonly kind: 'cosine' | 'wsd'
  /** Largest learning rate. */
  readonly peak: number
  /** Steps of the whole training. */
  readonly steps: number
  /** Steps of the linear warm-up, 0 to `steps`. */
  readonly warmupSteps: number
  /** Learning rate of the last step as a share of the peak, 0 to 1. */
  readonly finalFraction: number
  /** `wsd` only: steps of the decay at the end. */
  readonly decaySteps?: number
}

/**
 * Learning rate by the number of steps taken before, 0 to steps − 1. Warm-up reaches the peak with its last step, the
 * decay reaches `finalFraction` with the last step of all; where the two overlap, the smaller holds.
 */
export function learningRateSchedule(options: ScheduleOptions): (step: number) => number {
  const { kind, peak, steps, warmupSteps, finalFraction } = options
  const decaySteps = kind === 'cosine' ? steps - warmupSteps : (options.decaySteps ?? 0)
  const falling = kind === 'cosine' ? halfCosine : linear
  return (step) => {
    const warmth = warmupSteps > 0 ? Math.min(1, (step + 1) / warmupSteps) : 1
    const decayed = decayProgress(step, steps, decaySteps)
    const share = finalFraction + (1 - finalFraction) * falling(decayed)
    return peak * Math.min(warmth, share)
  }
}

/** 0 before the decay and at its first step, 1 at the last step of all. */
function decayProgress(step: number, steps: number, decaySteps: number): number {
  const last = steps - 1
  const first = steps - decaySteps
  if (step < first) return 0
  return last > first ? Math.min(1, (step - first) / (last - first)) : 1
}

const halfCosine = (progress: number) => (1 + Math.cos(Math.PI * progress)) / 2
const linear = (progress: number) => 1 - progress
