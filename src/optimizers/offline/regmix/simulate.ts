import { dirichletSampler, largestViolation, projectKl } from '../../mixture/index.js'
import type { Space } from '../../mixture/types.js'
import type { Rng } from '../../random.js'
import { createRowMatrix, type RowMatrix, rowOf } from '../../row-matrix.js'

export interface SimulationOptions {
  /** Candidates scored. RegMix's paper takes 1,000,000, its notebook 100,000. */
  candidates: number
  /** k: how many of the best candidates are averaged. Paper 100, notebook 128. */
  average: number
  /** Total concentration c of the candidates' Dirichlet(c·q). Notebook 1. */
  concentration: number
}

export interface Simulation {
  /** Mean of the k best candidates: feasible, because the space is convex. */
  readonly weights: Float64Array
  /** Mean predicted objective of the k best candidates. */
  readonly bestMean: number
  /** Share of plain draws that met every constraint. */
  readonly acceptance: number
  /** Whether draws outside the constraints were projected instead of rejected. */
  readonly projected: boolean
  /** Smallest and largest predicted objective over all candidates. */
  readonly range: readonly [number, number]
}

const CHUNK = 8192
const PILOT_DRAWS = 2000
const LEAST_ACCEPTANCE = 0.1
const FEASIBLE = 1e-9

/**
 * RegMix Step D (arXiv 2407.01492): draws candidates from Dirichlet(c·q), scores them and averages the k best. Beyond
 * the paper, candidates respect the constraints: draws outside are rejected, or, where fewer than one in ten is inside,
 * moved to the nearest mixture inside (KL projection). Lower bounds shift the draw: l + (1 − Σl)·Dirichlet over the domains that
 * are not fixed.
 * @param score points (n × m) → n predicted objectives, lower is better
 */
export function simulate(
  space: Space,
  score: (points: RowMatrix) => Float64Array,
  options: SimulationOptions,
  rng: Rng,
): Simulation {
  const m = space.names.length
  const draw = candidateSampler(space, options.concentration)
  const acceptance = pilotAcceptance(space, draw, rng.fork('pilot'))
  const projected = acceptance < LEAST_ACCEPTANCE
  const best = new BestRows(options.average, m)
  const range: [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const stream = rng.fork('candidates')
  for (let left = options.candidates; left > 0; left -= CHUNK) {
    const chunk = createRowMatrix(Math.min(CHUNK, left), m)
    for (let i = 0; i < chunk.rows; i++)
      drawFeasible(space, draw, projected, stream, rowOf(chunk, i))
    const objective = score(chunk)
    for (const value of objective) {
      if (value < range[0]) range[0] = value
      if (value > range[1]) range[1] = value
    }
    best.offer(chunk, objective)
  }
  return { ...best.mean(space), acceptance, projected, range }
}

type Draw = (rng: Rng, out: Float64Array) => void

/** Fixed weights take no part in the draw; domains that may move but have no prior at all share it evenly. */
function candidateSampler({ lower, upper, prior }: Space, concentration: number): Draw {
  const movable = prior.map((_, j) => (lower[j] < upper[j] ? 1 : 0))
  const share = prior.map((value, j) => value * movable[j])
  const base = share.some((value) => value > 0) ? share : movable
  const mass = base.reduce((sum, value) => sum + value, 0)
  if (mass === 0) return (_, out) => out.set(lower)
  const dirichlet = dirichletSampler(base.map((value) => (concentration * value) / mass))
  const free = 1 - lower.reduce((sum, bound) => sum + bound, 0)
  return (rng, out) => {
    dirichlet.draw(rng, out)
    for (let j = 0; j < out.length; j++) out[j] = lower[j] + free * out[j]
  }
}

function pilotAcceptance(space: Space, draw: Draw, rng: Rng): number {
  const point = new Float64Array(space.names.length)
  let accepted = 0
  for (let i = 0; i < PILOT_DRAWS; i++) {
    draw(rng, point)
    if (largestViolation(space, point) <= FEASIBLE) accepted++
  }
  return accepted / PILOT_DRAWS
}

function drawFeasible(
  space: Space,
  draw: Draw,
  projected: boolean,
  rng: Rng,
  out: Float64Array,
): void {
  draw(rng, out)
  while (largestViolation(space, out) > FEASIBLE) {
    if (projected) {
      projectKl(space, out, out)
      return
    }
    draw(rng, out)
  }
}

/** Keeps the k rows with the smallest objective; ties go to the earlier row. */
class BestRows {
  readonly #limit: number
  readonly #columns: number
  #rows: { objective: number; weights: Float64Array }[] = []

  constructor(limit: number, columns: number) {
    this.#limit = limit
    this.#columns = columns
  }

  offer(points: RowMatrix, objective: Float64Array): void {
    const full = this.#rows.length === this.#limit
    const threshold = full ? this.#rows[this.#limit - 1].objective : Number.POSITIVE_INFINITY
    for (let i = 0; i < points.rows; i++) {
      if (objective[i] < threshold) {
        this.#rows.push({ objective: objective[i], weights: rowOf(points, i) })
      }
    }
    this.#rows.sort((a, b) => a.objective - b.objective)
    this.#rows = this.#rows
      .slice(0, this.#limit)
      .map(({ objective, weights }) => ({ objective, weights: weights.slice() }))
  }

  mean(space: Space): { weights: Float64Array; bestMean: number } {
    const weights = new Float64Array(this.#columns)
    let bestMean = 0
    for (const row of this.#rows) {
      bestMean += row.objective / this.#rows.length
      row.weights.forEach((weight, j) => {
        weights[j] += weight / this.#rows.length
      })
    }
    return { weights: settle(space, weights), bestMean }
  }
}

/** Removes the rounding of a mean over feasible rows. */
function settle(space: Space, weights: Float64Array): Float64Array {
  return largestViolation(space, weights) > FEASIBLE ? projectKl(space, weights) : weights
}
