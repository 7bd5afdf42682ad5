/** What Mixwright uses of `ml-regression`, which ships without types. */
declare module 'ml-regression' {
  import type { AbstractMatrix } from 'ml-matrix'

  export class MultivariateLinearRegression {
    /**
     * Ordinary least squares by the normal equations.
     * @param x (n × k)
     * @param y (n × outputs)
     */
    constructor(
      x: AbstractMatrix | number[][],
      y: AbstractMatrix | number[][],
      options?: { intercept?: boolean; statistics?: boolean },
    )
    /** (k × outputs), with the intercept as an additional last row when there is one. */
    readonly weights: number[][]
  }
}
