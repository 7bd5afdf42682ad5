import type { RunProgress } from '../checkpoint.js'
import type { SequenceSampler } from '../sampling/index.js'
import type { DomainLoss, ProxyMeasurement, StepResult } from '../types.js'
import { checkStep, type DivergenceLimits } from './divergence.js'
import type { TrainingPlan } from './plan.js'

/** Counts what a run has done, from its start or from a checkpoint. */
export interface Ledger {
  /** Steps taken. */
  readonly step: number
  readonly tokens: number
  readonly measurements: readonly ProxyMeasurement[]
  /** Enters a step. @throws MixwrightError `training-diverged` */
  enter(result: StepResult): void
  /** Whether the proxy is to be measured after the step just entered. */
  isMeasured(): boolean
  /** Enters a measurement. */
  measure(domains: Record<string, DomainLoss>): ProxyMeasurement
  progress(): RunProgress
}

export function createLedger(
  plan: TrainingPlan,
  limits: DivergenceLimits,
  sampler: SequenceSampler,
  start?: RunProgress,
): Ledger {
  let step = start?.step ?? 0
  let lossSum = start?.lossSum ?? 0
  let lossCount = start?.lossCount ?? 0
  let highLosses = start?.highLosses ?? 0
  const measurements = [...(start?.measurements ?? [])]
  return {
    get step() {
      return step
    },
    get tokens() {
      return step * plan.tokensPerStep
    },
    measurements,
    enter(result) {
      step += 1
      highLosses = checkStep(step, result, highLosses, limits)
      lossSum += result.loss
      lossCount += 1
    },
    isMeasured: () => plan.measuredAfter.includes(step),
    measure(domains) {
      const measurement: ProxyMeasurement = {
        step,
        tokens: step * plan.tokensPerStep,
        domains,
        trainingLoss: lossSum / lossCount,
        epochs: sampler.epochs(),
      }
      measurements.push(measurement)
      lossSum = 0
      lossCount = 0
      return measurement
    },
    progress: () => ({
      step,
      sampler: sampler.state(),
      measurements: [...measurements],
      lossSum,
      lossCount,
      highLosses,
    }),
  }
}
