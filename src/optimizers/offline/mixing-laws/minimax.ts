import { solveQP } from 'quadprog'
import { projectEuclidean } from '../../mixture/index.js'
import type { Space } from '../../mixture/types.js'
import {
  dot,
  dualityGap,
  gapTolerance,
  klGradient,
  type LawProblem,
  type LawSolution,
  lawObjective,
  termValue,
} from './law-problem.js'

const MAX_STEPS = 100
/** How close a step may come to a weight of 0 where the KL term forbids reaching it. */
const TO_THE_BOUNDARY = 0.99
const SUFFICIENT_DECREASE = 1e-4
const SMALLEST_STEP = 1e-12
const SMALLEST_WEIGHT = 1e-12
/**
 * Added to the curvature, because the quadratic program needs a positive definite one. Steps end at zero length, so it slows
 * the last ones but moves no optimum.
 */
const DAMPING = 1e-6
const WORST_DAMPING = 1e-2

interface Step {
  direction: Float64Array
  /** Multipliers of the terms, normalised to sum 1: how much each holds the worst case up. */
  termWeights: Float64Array
  /** Predicted change of the objective along the whole direction, ≤ 0. */
  predicted: number
}

/**
 * Minimises max_i h_i(p) + λ·KL(p‖q) by sequential quadratic programming: each step minimises the largest linearised term plus the
 * curvature of the Lagrangian, within the constraints, and is shortened until the true objective falls.
 * @param start feasible; with λ > 0 also positive wherever it may be
 */
export function solveMinimax(
  problem: LawProblem,
  prior: Float64Array,
  start: Float64Array,
): LawSolution {
  let weights = start
  let objective = lawObjective(problem, weights)
  let termWeights = new Float64Array(problem.terms.length).fill(1 / problem.terms.length)
  let gap = Number.POSITIVE_INFINITY
  let iterations = 0
  while (iterations < MAX_STEPS) {
    const step = quadraticStep(problem, prior, weights, termWeights)
    if (!step) break
    const reached = dualityGap(problem, weights, prior, step.termWeights)
    gap = Math.min(gap, reached)
    termWeights = Float64Array.from(step.termWeights)
    if (gap <= gapTolerance(objective)) break
    const next = shorten(problem, weights, objective, step)
    if (!next) break
    gap = gap - (objective - next.objective)
    weights = next.weights
    objective = next.objective
    iterations++
  }
  const last = dualityGap(problem, weights, prior, termWeights)
  return { weights, objective, gap: Math.max(0, Math.min(gap, last)), iterations }
}

/** The largest step along the direction that lowers the objective enough. */
function shorten(
  problem: LawProblem,
  weights: Float64Array,
  objective: number,
  { direction, predicted }: Step,
): { weights: Float64Array; objective: number } | undefined {
  for (let length = 1; length > SMALLEST_STEP; length /= 2) {
    const moved = projectEuclidean(
      problem.space,
      weights.map((weight, j) => weight + length * direction[j]),
    )
    const value = lawObjective(problem, moved)
    if (value <= objective + SUFFICIENT_DECREASE * length * predicted) {
      return { weights: moved, objective: value }
    }
  }
  return undefined
}

/** Variables are the m changes of the weights and the change s of the worst term. */
function quadraticStep(
  problem: LawProblem,
  prior: Float64Array,
  weights: Float64Array,
  termWeights: Float64Array,
): Step | undefined {
  const { space, terms, kl } = problem
  const m = weights.length
  const values = terms.map((term) => termValue(term, weights))
  const worst = Math.max(...values)
  const slopes = terms.map(({ t, offset }, i) => t.map((slope) => (values[i] - offset) * slope))
  const linear = klGradient(kl, weights, prior)
  const rows = constraintRows(space, weights, kl)
  slopes.forEach((slope, i) => {
    rows.push({ coefficients: [...slope.map((value) => -value), 1], atLeast: values[i] - worst })
  })
  const scale = variableScale(weights, kl)
  const { solution, Lagrangian, message } = solveQP(
    oneBasedMatrix(curvature(problem, weights, values, slopes, termWeights), scale),
    [0, ...linear.map((value, j) => -value * scale[j]), -1],
    oneBasedColumns(rows, scale),
    [0, ...rows.map(({ atLeast }) => atLeast)],
    1,
  )
  if (message !== '' || !solution.slice(1).every(Number.isFinite)) return undefined
  const direction = Float64Array.from({ length: m }, (_, j) => scale[j] * solution[j + 1])
  const multipliers = Float64Array.from(Lagrangian.slice(-terms.length), (value) =>
    Math.max(0, value),
  )
  const total = multipliers.reduce((sum, value) => sum + value, 0)
  if (!(total > 0)) return undefined
  return {
    direction,
    termWeights: multipliers.map((value) => value / total),
    predicted: Math.min(0, dot(linear, direction) + solution[m + 1]),
  }
}

interface ConstraintRow {
  /** m + 1 entries. */
  coefficients: number[]
  atLeast: number
}

/** The first row is the equality Σ d = 0. */
function constraintRows(space: Space, weights: Float64Array, kl: number): ConstraintRow[] {
  const m = weights.length
  const unit = (j: number, value: number) => {
    const row = new Array<number>(m + 1).fill(0)
    row[j] = value
    return row
  }
  const rows: ConstraintRow[] = [{ coefficients: [...new Array<number>(m).fill(1), 0], atLeast: 0 }]
  for (let j = 0; j < m; j++) {
    const room = weights[j] - space.lower[j]
    const down = kl > 0 && space.lower[j] === 0 ? TO_THE_BOUNDARY * room : room
    rows.push({ coefficients: unit(j, 1), atLeast: -Math.max(0, down) })
    rows.push({ coefficients: unit(j, -1), atLeast: -Math.max(0, space.upper[j] - weights[j]) })
  }
  for (const { members, minimum, maximum } of space.groups) {
    const sum = members.reduce((total, j) => total + weights[j], 0)
    const row = new Array<number>(m + 1).fill(0)
    for (const j of members) row[j] = 1
    rows.push({ coefficients: row, atLeast: -Math.max(0, sum - minimum) })
    rows.push({ coefficients: row.map((value) => -value), atLeast: -Math.max(0, maximum - sum) })
  }
  return rows
}

/** Hessian of the Lagrangian, Σ π_i (h_i − offset_i) t_i t_iᵀ + λ diag(1/p), damped; (m + 1) × (m + 1). */
function curvature(
  { kl, terms }: LawProblem,
  weights: Float64Array,
  values: readonly number[],
  slopes: readonly Float64Array[],
  termWeights: Float64Array,
): number[][] {
  const m = weights.length
  const matrix = Array.from({ length: m + 1 }, () => new Array<number>(m + 1).fill(0))
  terms.forEach(({ t, offset }, i) => {
    if (termWeights[i] === 0 || values[i] === offset) return
    for (let a = 0; a < m; a++) {
      const scaled = termWeights[i] * slopes[i][a]
      for (let b = 0; b < m; b++) matrix[a][b] += scaled * t[b]
    }
  })
  const largest = matrix.reduce((kept, row, j) => Math.max(kept, row[j]), 1)
  for (let j = 0; j < m; j++) {
    matrix[j][j] += DAMPING * largest
    if (kl > 0) matrix[j][j] += kl / Math.max(weights[j], SMALLEST_WEIGHT)
  }
  matrix[m][m] = WORST_DAMPING
  return matrix
}

/** With a KL term small weights are stiff, λ/p; in units of √p all are alike, which the library's tolerances need. */
function variableScale(weights: Float64Array, kl: number): number[] {
  const units = Array.from(weights, (weight) =>
    kl > 0 ? Math.sqrt(Math.max(weight, SMALLEST_WEIGHT)) : 1,
  )
  return [...units, 1]
}

const oneBasedMatrix = (matrix: number[][], scale: number[]) => [
  [],
  ...matrix.map((row, a) => [0, ...row.map((value, b) => value * scale[a] * scale[b])]),
]

/** The library wants one column a constraint. */
function oneBasedColumns(rows: readonly ConstraintRow[], scale: number[]): number[][] {
  return [[], ...scale.map((unit, j) => [0, ...rows.map((row) => unit * row.coefficients[j])])]
}
