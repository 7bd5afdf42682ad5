import { MixwrightError } from '../../errors.js'
import type { StepResult } from '../types.js'

/** Nats above the loss of guessing all tokens alike: no model that learns stays there. */
const MARGIN = 1
/** Steps in a row: single bad batches pass. */
const PATIENCE = 20

export interface DivergenceLimits {
  readonly vocabulary: number
  /** Steps of warm-up, during which a loss may be high. */
  readonly warmupSteps: number
  readonly steps: number
}

/**
 * Looks at a step's result.
 * @param step counted from 1
 * @param highLosses steps in a row before this one whose loss was above ln(vocabulary) + 1 after warm-up
 * @returns the same with this one
 * @throws MixwrightError `training-diverged` when loss or gradient is not finite, or the loss was too high for 20 steps
 */
export function checkStep(
  step: number,
  { loss, gradientNorm }: StepResult,
  highLosses: number,
  { vocabulary, warmupSteps, steps }: DivergenceLimits,
): number {
  const at = `at step ${step} of ${steps}`
  if (!Number.isFinite(loss)) throw diverged(`the training loss was ${loss} ${at}`)
  if (!Number.isFinite(gradientNorm)) {
    throw diverged(
      `the norm of the gradient was ${gradientNorm} ${at}; the training loss was ${loss.toFixed(4)}`,
    )
  }
  const limit = Math.log(vocabulary) + MARGIN
  if (step <= warmupSteps || loss <= limit) return 0
  if (highLosses + 1 >= PATIENCE) {
    throw diverged(
      `the training loss was ${loss.toFixed(4)} ${at}, and above ${limit.toFixed(4)} (1 nat worse than guessing) for ` +
        `${PATIENCE} steps in a row`,
    )
  }
  return highLosses + 1
}

/** @throws MixwrightError `training-diverged` when one of a domain's validation losses is not finite */
export function checkValidation(domain: string, losses: Float32Array, step: number): void {
  const bad = losses.find((loss) => !Number.isFinite(loss))
  if (bad !== undefined) {
    throw diverged(`the validation loss of domain "${domain}" was ${bad} after step ${step}`)
  }
}

function diverged(detail: string): MixwrightError {
  return new MixwrightError('training-diverged', detail)
}
