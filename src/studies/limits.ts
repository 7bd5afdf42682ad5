/** Bounds on what one request may ask for. */
export interface Limits {
  /** Rows of one imported table. */
  importRows: number
  /** Runs of one stateless recommendation, training and hold-out together. */
  inlineRuns: number
  /** Estimated work of one stateless recommendation, in metric values learned (runs × metrics). */
  inlineCost: number
  /** Seconds that the computation of one stateless recommendation may take; what is still at work then is stopped. */
  inlineSeconds: number
  /** Seconds in which a method that looks at results chooses what a request waits for; what is still at work then is stopped. */
  choiceSeconds: number
  /** Runs of one backtest, at all fidelities together. */
  backtestRuns: number
  /** Runs that one backtest may replay, with all methods and seeds together. */
  backtestSteps: number
  /** Seconds of computing, on all threads together, that one backtest may take. */
  backtestSeconds: number
  /** Mixtures of one prediction. */
  predictionMixtures: number
}

export const DEFAULT_LIMITS: Limits = {
  importRows: 100_000,
  inlineRuns: 2_000,
  inlineCost: 2_000,
  inlineSeconds: 60,
  choiceSeconds: 60,
  backtestRuns: 10_000,
  backtestSteps: 200_000,
  backtestSeconds: 4 * 3600,
  predictionMixtures: 1_000,
}
