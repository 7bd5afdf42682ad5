import { projectKl } from '../../mixture/index.js'
import type { Space } from '../../mixture/types.js'
import {
  dualityGap,
  gapTolerance,
  type LawProblem,
  type LawSolution,
  lawObjective,
  sum,
  termValue,
} from './law-problem.js'

const GAP_CHECK_EVERY = 50
/** No step changes the ratio of two weights by more than e^50: far beyond, a projection cannot tell small weights apart. */
const LONGEST_LOG_STEP = 50
/** Beyond this a step moves nothing that a double can hold. */
const LARGEST_INVERSE_STEP = 1e300
/** Weights that change by less than this have come to rest. */
const AT_REST = 1e-14

/**
 * Bregman proximal gradient in the geometry of the entropy: a step is a multiplication followed by a KL projection, and the KL
 * term is solved for in closed form inside the step. The step size follows a backtracking search on relative smoothness.
 * @param prior q, positive
 * @param temperature 0 for a sum of terms; > 0 smooths a worst case by log-sum-exp
 */
export function descend(
  problem: LawProblem,
  prior: Float64Array,
  start: Float64Array,
  temperature: number,
  maxIterations: number,
): LawSolution & { termWeights: Float64Array } {
  const { space, kl } = problem
  const m = start.length
  const logPrior = prior.map(Math.log)
  let current: Float64Array = start.slice()
  let candidate: Float64Array = new Float64Array(m)
  const gradient = new Float64Array(m)
  const smooth = smoothObjective(problem, temperature)
  let value = smooth.evaluate(current, gradient)
  let inverseStep = 1
  let resting = false
  let iterations = 0
  let gap = dualityGap(problem, current, prior, smooth.termWeights)
  while (iterations < maxIterations && gap > gapTolerance(value)) {
    const shortest = spreadOf(gradient) / LONGEST_LOG_STEP
    inverseStep = resting && shortest > 0 ? shortest : Math.max(0.5 * inverseStep, shortest)
    for (;;) {
      proximalStep(space, current, gradient, logPrior, kl, inverseStep, candidate)
      const bound =
        value +
        linearChange(gradient, candidate, current) +
        inverseStep * entropicDistance(candidate, current)
      if (smooth.evaluate(candidate) <= bound + 1e-15 * Math.abs(bound)) break
      if (!(inverseStep < LARGEST_INVERSE_STEP)) break
      inverseStep *= 2
    }
    const moved = largestChange(candidate, current)
    const previous = current
    current = candidate
    candidate = previous
    value = smooth.evaluate(current, gradient)
    iterations++
    const rests = moved < AT_REST
    if (rests || iterations % GAP_CHECK_EVERY === 0) {
      gap = dualityGap(problem, current, prior, smooth.termWeights)
    }
    // A steep start leaves steps far too short for where it led, so the longest is tried before giving up.
    if (rests && resting) break
    resting = rests
  }
  return {
    weights: current,
    objective: lawObjective(problem, current),
    gap,
    iterations,
    termWeights: smooth.termWeights,
  }
}

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

function spreadOf(values: Float64Array): number {
  let least = Number.POSITIVE_INFINITY
  let most = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < least) least = value
    if (value > most) most = value
  }
  return most - least
}

function largestChange(a: Float64Array, b: Float64Array): number {
  let largest = 0
  for (let j = 0; j < a.length; j++) largest = Math.max(largest, Math.abs(a[j] - b[j]))
  return largest
}
