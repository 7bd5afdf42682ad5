/** What a run will do, before anything is trained. */
export interface TrainingPlan {
  readonly steps: number
  readonly tokensPerStep: number
  /** Steps after which the proxy is measured, ascending, without repeats; the last is `steps`. */
  readonly measuredAfter: readonly number[]
}

/**
 * Tokens are rounded up to whole batches; measurements are spread evenly over the steps. Fewer steps than measurements
 * give one measurement a step.
 */
export function trainingPlan(
  { tokens, batchSize, measurements }: { tokens: number; batchSize: number; measurements: number },
  context: number,
): TrainingPlan {
  const tokensPerStep = batchSize * context
  const steps = Math.ceil(tokens / tokensPerStep)
  const after = Array.from({ length: measurements }, (_, k) =>
    Math.max(1, Math.round(((k + 1) * steps) / measurements)),
  )
  return { steps, tokensPerStep, measuredAfter: [...new Set(after)] }
}
