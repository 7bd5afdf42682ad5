/** A run with its measurement, imported or of a trial. Weights are raw, in the study's domain order. */
export interface RunRow {
  runId: string
  weights: number[]
  values: Record<string, number>
  /** Metric → standard error of its value, where the evaluator knows it. */
  standardErrors?: Record<string, number>
  tokens?: number | null
  /** That the training took, where it is known. */
  seconds?: number | null
}
