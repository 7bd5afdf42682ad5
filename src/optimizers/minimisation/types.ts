/**
 * A differentiable function: returns its value at `point` and writes its gradient, in the same
 * units. Outside its domain it may return NaN or an infinity; the search then takes a shorter step,
 * but it does not follow the domain's edge to a minimum there. It must not keep or change `point`.
 */
export type SmoothObjective = (point: Float64Array, gradient: Float64Array) => number

/** lower_j ≤ x_j ≤ upper_j; infinite where there is no bound, equal where x_j is fixed. */
export interface Bounds {
  readonly lower: ArrayLike<number>
  readonly upper: ArrayLike<number>
}

export interface MinimisationOptions {
  /** Pairs of steps and gradient changes to remember, ≥ 1. Default 10. */
  readonly memory?: number
  /** Default 15,000. */
  readonly maxIterations?: number
  /** Most evaluations of the objective, ≥ 1, never exceeded. Default 15,000. */
  readonly maxEvaluations?: number
  /** Stop when no entry of the projected gradient is larger in size. Default 1e-5. */
  readonly gradientTolerance?: number
  /**
   * Stop when a step lowered the value by no more than this times max(|before|, |after|, 1).
   * Default 2.22e-9, which is SciPy's.
   */
  readonly valueTolerance?: number
}

/**
 * Why a search ended. `gradient` and `value`: a tolerance was met. `iterations` and `evaluations`:
 * a limit was reached. `line-search`: no acceptable step was found along the steepest descent, as
 * where a gradient is wrong or rounding hides the descent. `not-finite`: the value or the gradient
 * at the start is not finite.
 */
export type StopReason =
  | 'gradient'
  | 'value'
  | 'iterations'
  | 'evaluations'
  | 'line-search'
  | 'not-finite'

export interface Minimum {
  /** The best point found; meets the bounds exactly. */
  readonly x: Float64Array
  readonly value: number
  readonly gradient: Float64Array
  readonly iterations: number
  readonly evaluations: number
  readonly reason: StopReason
}
