import { klDivergence } from '../../mixture/distance.js'
import { linearMinimum } from '../../mixture/linear-minimum.js'
import { flooredPrior } from '../../mixture/reference-mixtures.js'
import type { Space } from '../../mixture/types.js'

/** One metric's part in the objective: `offset + scale · exp(t·p)`, convex in p for scale > 0. */
export interface LawTerm {
  readonly offset: number
  /** > 0 */
  readonly scale: number
  /** m exponents, in the order of the space's domains. */
  readonly t: Float64Array
}

export interface LawProblem {
  readonly space: Space
  readonly terms: readonly LawTerm[]
  /** `mean`: the sum of the terms. `worst`: the largest term. */
  readonly type: 'mean' | 'worst'
  /** λ ≥ 0, the strength of λ·KL(p‖q). */
  readonly kl: number
  /** q: m entries ≥ 0; floored at 1e-12 and normalised here (Olmix). */
  readonly prior: Float64Array
}

export interface LawSolution {
  readonly weights: Float64Array
  /** Σ or max of the terms, plus λ·KL. */
  readonly objective: number
  /** Upper bound on the distance of `objective` to the optimum, from convexity. */
  readonly gap: number
  readonly iterations: number
}

/** Tighter than this is below what the weights' 1e-4 needs. */
const RELATIVE_GAP = 1e-9

/** The gap at which an objective value counts as optimal. */
export const gapTolerance = (value: number) => RELATIVE_GAP * Math.max(1e-3, Math.abs(value))

/** The objective of a mixture: Σ or max of the terms, plus λ·KL(p‖q). */
export function lawObjective(problem: LawProblem, weights: Float64Array): number {
  const values = problem.terms.map((term) => termValue(term, weights))
  const smooth = problem.type === 'mean' ? sum(values) : Math.max(...values)
  return smooth + problem.kl * klDivergence(weights, flooredPrior(problem.prior))
}

export function termValue({ offset, scale, t }: LawTerm, weights: Float64Array): number {
  // Exponents beyond 700 overflow; such a law is nonsense there, and a huge finite value steers away from it.
  return offset + scale * Math.exp(Math.min(dot(t, weights), 700))
}

/**
 * By convexity F(p) − F* ≤ F(p) − min over v in the space of the linearisation at p, with the terms weighted by π: the
 * Frank–Wolfe gap of a mean (π = 1), and a Lagrangian bound of a worst case (π on the simplex).
 */
export function dualityGap(
  problem: LawProblem,
  weights: Float64Array,
  prior: Float64Array,
  termWeights: ArrayLike<number>,
): number {
  const gradient = klGradient(problem.kl, weights, prior)
  let weighted = 0
  let worst = Number.NEGATIVE_INFINITY
  problem.terms.forEach((term, i) => {
    const value = termValue(term, weights)
    weighted += termWeights[i] * value
    worst = Math.max(worst, value)
    const slope = termWeights[i] * (value - term.offset)
    for (let j = 0; j < gradient.length; j++) gradient[j] += slope * term.t[j]
  })
  const linear = dot(gradient, weights) - linearMinimum(problem.space, gradient)
  return Math.max(0, problem.type === 'mean' ? linear : linear + worst - weighted)
}

/** Gradient of λ·KL(p‖q): λ(ln(p_j/q_j) + 1). */
export function klGradient(kl: number, weights: Float64Array, prior: Float64Array): Float64Array {
  return weights.map((weight, j) => kl * (Math.log(Math.max(weight, 1e-300) / prior[j]) + 1))
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0
  for (let j = 0; j < a.length; j++) total += a[j] * b[j]
  return total
}

export function sum(values: ArrayLike<number>): number {
  let total = 0
  for (let j = 0; j < values.length; j++) total += values[j]
  return total
}
