import { klDivergence } from '../../mixture/distance.js'
import { projectKl } from '../../mixture/index.js'
import { linearMinimum } from '../../mixture/linear-minimum.js'
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

const MAX_ITERATIONS = 20_000
const GAP_CHECK_EVERY = 50
const RELATIVE_GAP = 1e-9

/**
 * Minimises the convex objective of Olmix's exact proposer (arXiv 2602.12237) over the space: Bregman proximal gradient in
 * the geometry of the entropy, so a step is a multiplication followed by a KL projection, and the KL term is
 * solved for in closed form inside the step. The step size follows a backtracking search on relative smoothness. The worst
 * case is smoothed by log-sum-exp, with the temperature lowered in stages.
 */
export function solveLaws(problem: LawProblem): LawSolution {
  const prior = flooredPrior(problem.prior)
  const start = projectKl(problem.space, prior)
  if (problem.type === 'mean' || problem.terms.length === 1) {
    return descend(problem, prior, start, 0)
  }
  const spread = Math.max(1e-9, termSpread(problem.terms, start))
  let solution: LawSolution | undefined
  for (const fraction of [1e-1, 1e-2, 1e-3, 1e-4, 1e-5]) {
    solution = descend(problem, prior, solution?.weights ?? start, fraction * spread)
  }
  return solution as LawSolution
}

/** The objective of a mixture: Σ or max of the terms, plus λ·KL(p‖q). */
export function lawObjective(problem: LawProblem, weights: Float64Array): number {
  const values = problem.terms.map((term) => termValue(term, weights))
  const smooth = problem.type === 'mean' ? sum(values) : Math.max(...values)
  return smooth + problem.kl * klDivergence(weights, flooredPrior(problem.prior))
}

function descend(
  problem: LawProblem,
  prior: Float64Array,
  start: Float64Array,
  temperature: number,
): LawSolution {
  const { space, kl } = problem
  const m = start.length
  const logPrior = prior.map(Math.log)
  let current: Float64Array = start.slice()
  let candidate: Float64Array = new Float64Array(m)
  const gradient = new Float64Array(m)
  const smooth = smoothObjective(problem, temperature)
  let value = smooth.evaluate(current, gradient)
  let inverseStep = 1
  let iterations = 0
  let gap = dualityGap(problem, current, prior, gradient, smooth)
  while (iterations < MAX_ITERATIONS && gap > tolerance(value)) {
    inverseStep *= 0.5
    for (;;) {
      proximalStep(space, current, gradient, logPrior, kl, inverseStep, candidate)
      const bound =
        value +
        linearChange(gradient, candidate, current) +
        inverseStep * entropicDistance(candidate, current)
      if (smooth.evaluate(candidate) <= bound + 1e-15 * Math.abs(bound) || inverseStep > 1e12) break
      inverseStep *= 2
    }
    const moved = largestChange(candidate, current)
    const previous = current
    current = candidate
    candidate = previous
    value = smooth.evaluate(current, gradient)
    iterations++
    if (moved < 1e-14 || iterations % GAP_CHECK_EVERY === 0) {
      gap = dualityGap(problem, current, prior, gradient, smooth)
      if (moved < 1e-14) break
    }
  }
  return { weights: current, objective: lawObjective(problem, current), gap, iterations }
}

const tolerance = (value: number) => RELATIVE_GAP * Math.max(1e-3, Math.abs(value))

/** argmin ⟨g, p⟩ + λ·KL(p‖q) + s·KL(p‖current), projected: a weighted geometric mean, then a KL projection. */
function proximalStep(
  space: Space,
  current: Float64Array,
  gradient: Float64Array,
  logPrior: Float64Array,
  kl: number,
  inverseStep: number,
  out: Float64Array,
): void {
  const total = inverseStep + kl
  let largest = Number.NEGATIVE_INFINITY
  for (let j = 0; j < out.length; j++) {
    const logCurrent = Math.log(Math.max(current[j], 1e-300))
    out[j] = (inverseStep * logCurrent + kl * logPrior[j] - gradient[j]) / total
    if (out[j] > largest) largest = out[j]
  }
  for (let j = 0; j < out.length; j++) out[j] = Math.max(Math.exp(out[j] - largest), 1e-300)
  projectKl(space, out, out)
}

interface SmoothObjective {
  /** The smooth part at p, writing its gradient when asked. */
  evaluate(weights: Float64Array, gradient?: Float64Array): number
  /** Convex weights of the terms at the last gradient: all 1 for a mean, the softmax for a worst case. */
  readonly termWeights: Float64Array
}

function smoothObjective(problem: LawProblem, temperature: number): SmoothObjective {
  const { terms } = problem
  const values = new Float64Array(terms.length)
  const termWeights = new Float64Array(terms.length).fill(1)
  return {
    termWeights,
    evaluate(weights, gradient) {
      terms.forEach((term, i) => {
        values[i] = termValue(term, weights)
      })
      const value = temperature > 0 ? logSumExp(values, temperature, termWeights) : sum(values)
      if (gradient) {
        gradient.fill(0)
        terms.forEach(({ offset, t }, i) => {
          const slope = termWeights[i] * (values[i] - offset)
          for (let j = 0; j < t.length; j++) gradient[j] += slope * t[j]
        })
      }
      return value
    },
  }
}

/**
 * By convexity F(p) − F* ≤ F(p) − min over v of the linearisation at p, with the terms weighted as at p: the Frank–Wolfe gap
 * of the mean, and a Lagrangian bound for the worst case.
 */
function dualityGap(
  problem: LawProblem,
  weights: Float64Array,
  prior: Float64Array,
  smoothGradient: Float64Array,
  smooth: SmoothObjective,
): number {
  const gradient = smoothGradient.map(
    (slope, j) => slope + problem.kl * (Math.log(Math.max(weights[j], 1e-300) / prior[j]) + 1),
  )
  const linear = dot(gradient, weights) - linearMinimum(problem.space, gradient)
  const values = problem.terms.map((term) => termValue(term, weights))
  if (problem.type === 'mean' || problem.terms.length === 1) return Math.max(0, linear)
  return Math.max(0, linear + Math.max(...values) - dot(smooth.termWeights, values))
}

function logSumExp(values: Float64Array, temperature: number, weights: Float64Array): number {
  const largest = Math.max(...values)
  let total = 0
  for (let i = 0; i < values.length; i++) {
    weights[i] = Math.exp((values[i] - largest) / temperature)
    total += weights[i]
  }
  for (let i = 0; i < values.length; i++) weights[i] /= total
  return largest + temperature * Math.log(total)
}

function termValue({ offset, scale, t }: LawTerm, weights: Float64Array): number {
  // Exponents beyond 700 overflow; such a law is nonsense there, and a huge finite value steers away from it.
  return offset + scale * Math.exp(Math.min(dot(t, weights), 700))
}

function termSpread(terms: readonly LawTerm[], weights: Float64Array): number {
  const values = terms.map((term) => termValue(term, weights))
  return Math.max(...values) - Math.min(...values)
}

function flooredPrior(prior: Float64Array): Float64Array {
  const floored = prior.map((share) => Math.max(share, 1e-12))
  const total = sum(floored)
  return floored.map((share) => share / total)
}

/** KL between two iterates. A weight may underflow to 0 and come back, which must not count as infinitely far. */
function entropicDistance(to: Float64Array, from: Float64Array): number {
  let total = 0
  for (let j = 0; j < to.length; j++) {
    if (to[j] > 0) total += to[j] * Math.log(to[j] / Math.max(from[j], 1e-300))
  }
  return Math.max(0, total)
}

function linearChange(gradient: Float64Array, to: Float64Array, from: Float64Array): number {
  let total = 0
  for (let j = 0; j < gradient.length; j++) total += gradient[j] * (to[j] - from[j])
  return total
}

function largestChange(a: Float64Array, b: Float64Array): number {
  let largest = 0
  for (let j = 0; j < a.length; j++) largest = Math.max(largest, Math.abs(a[j] - b[j]))
  return largest
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0
  for (let j = 0; j < a.length; j++) total += a[j] * b[j]
  return total
}

function sum(values: ArrayLike<number>): number {
  let total = 0
  for (let j = 0; j < values.length; j++) total += values[j]
  return total
}
