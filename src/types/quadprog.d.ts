/** Goldfarb and Idnani's dual active-set method. Every array is 1-based: index 0 is unused. Arguments are overwritten. */
declare module 'quadprog' {
  /**
   * Minimises ½ xᵀDx − dᵀx subject to Aᵀx ≥ b, the first `meq` constraints being equalities.
   * @param Dmat n × n, positive definite
   * @param Amat n × q, one column a constraint
   */
  export function solveQP(
    Dmat: number[][],
    dvec: number[],
    Amat: number[][],
    bvec: number[],
    meq?: number,
  ): {
    solution: number[]
    /** Multipliers of the constraints, in their order. */
    Lagrangian: number[]
    message: string
    iterations: number[]
    iact: number[]
  }
}
