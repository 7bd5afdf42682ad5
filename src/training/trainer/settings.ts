import { learningRateSchedule } from '../optimization/index.js'
import type { OptimizerConfig } from '../types.js'
import type { CompleteProxySpec } from './types.js'

/** AdamW's customary settings for language models: a second moment that forgets sooner than 0.999 (Brown et al. 2020). */
export function optimizerOf({ weightDecay, clipNorm }: CompleteProxySpec): OptimizerConfig {
  return { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay, clipNorm }
}

export function warmupSteps({ warmupFraction }: CompleteProxySpec, steps: number): number {
  return Math.round(warmupFraction * steps)
}

/** Steps taken before → learning rate. */
export function learningRateOf(
  spec: CompleteProxySpec,
  steps: number,
): (stepsBefore: number) => number {
  return learningRateSchedule({
    kind: spec.schedule,
    peak: spec.learningRate,
    steps,
    warmupSteps: warmupSteps(spec, steps),
    finalFraction: spec.finalFraction,
    decaySteps: Math.round(spec.decayFraction * steps),
  })
}
