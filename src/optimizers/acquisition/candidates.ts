import {
  apportion,
  largestViolation,
  projectKl,
  SOBOL_DIMENSIONS,
  type Space,
  sampleDirichlet,
  sampleSobol,
  sampleUniform,
} from '../mixture/index.js'
import type { Rng } from '../random.js'
import { createRowMatrix, type RowMatrix, rowOf } from '../row-matrix.js'
import { rimOf } from './rim.js'

export interface CandidateOptions {
  /** k: how many, ≥ 0. */
  count: number
  /** Mixtures (m weights each) that look best so far, maybe none. They need not meet the constraints. */
  best: readonly ArrayLike<number>[]
  /** Mixtures that others are compared with; they become candidates. */
  references?: readonly ArrayLike<number>[]
  rng: Rng
}

/** Rows are feasible to rounding; more than this is put right by a projection. */
const ROUNDING = 1e-12

/** Strengths of the prior's Dirichlet distributions, log-uniform (as RegMix and Olmix draw). */
const WEAKEST = 1
const STRONGEST = 100

/** Strengths of the Dirichlet distributions around the best mixtures: from far to near. */
const NEARNESS = [50, 200, 1000]

/** The least share of what could be moved between two domains that an exchange moves. */
const LEAST_EXCHANGE = 1e-3

type Fill = (rows: RowMatrix, rng: Rng) => void

/**
 * Mixtures among which to look for the largest value of something, from all over the space and more of them where it is likely:
 * 25 % around the prior, 25 % spread evenly, 20 % at corners, midpoints of edges and references, 20 % around the best and 10 % a
 * step between two domains away from them; without `best`, the others in proportion. Those outside the space are projected on it
 * (KL; corners Euclidean). Where the space is small they may repeat each other.
 * @returns (k × m); no row violates a constraint by more than 1e-9
 * @throws InvalidInputError when no mixture meets the constraints; RangeError when a mixture given has entries that are negative or
 *   not finite, or too few of them
 */
export function proposeCandidates(space: Space, options: CandidateOptions): RowMatrix {
  const { count, rng } = options
  const best = options.best.map((weights) => projectKl(space, weights))
  const references = (options.references ?? []).map((weights) => projectKl(space, weights))
  const sources: { share: number; fill: Fill }[] = [
    { share: hasPrior(space) ? 25 : 0, fill: (rows, own) => drawPrior(space, rows, own) },
    { share: 25, fill: (rows, own) => rows.data.set(evenly(space, rows.rows, own).data) },
    { share: 20, fill: (rows, own) => drawRim(space, references, rows, own) },
    { share: best.length > 0 ? 20 : 0, fill: (rows, own) => drawNear(space, best, rows, own) },
    { share: best.length > 0 ? 10 : 0, fill: (rows, own) => exchange(space, best, rows, own) },
  ]
  const counts = apportion(
    sources.map(({ share }) => share),
    count,
  )
  const candidates = createRowMatrix(count, space.names.length)
  let first = 0
  sources.forEach(({ fill }, s) => {
    fill(rowsFrom(candidates, first, counts[s]), rng.fork('candidates', s))
    first += counts[s]
  })
  return candidates
}

/** A view (no copy) of some rows that follow each other. */
function rowsFrom({ data, columns }: RowMatrix, first: number, rows: number): RowMatrix {
  return { data: data.subarray(first * columns, (first + rows) * columns), rows, columns }
}

function moveInto(space: Space, row: Float64Array): void {
  if (largestViolation(space, row) > ROUNDING) projectKl(space, row, row)
}

/** Whether the prior says anything of the domains whose weights can change. */
function hasPrior({ prior, lower, upper }: Space): boolean {
  return prior.some((share, i) => share > 0 && lower[i] < upper[i])
}

function drawPrior(space: Space, rows: RowMatrix, rng: Rng): void {
  for (let r = 0; r < rows.rows; r++) {
    const strength = WEAKEST * (STRONGEST / WEAKEST) ** rng.uniform()
    const row = rowOf(rows, r)
    sampleDirichlet(
      space.prior.map((share) => strength * share),
      rng,
      row,
    )
    moveInto(space, row)
  }
}

function evenly(space: Space, count: number, rng: Rng): RowMatrix {
  const movable = space.lower.filter((low, i) => low < space.upper[i]).length
  return movable > SOBOL_DIMENSIONS
    ? sampleUniform(space, count, rng)
    : sampleSobol(space, count, rng)
}

function drawRim(
  space: Space,
  references: readonly Float64Array[],
  rows: RowMatrix,
  rng: Rng,
): void {
  const rim = rimOf(space, references, rng)
  for (let r = 0; r < rows.rows; r++) rowOf(rows, r).set(rim.next().value)
}

function drawNear(space: Space, best: readonly Float64Array[], rows: RowMatrix, rng: Rng): void {
  for (let r = 0; r < rows.rows; r++) {
    const nearness = NEARNESS[r % NEARNESS.length]
    const centre = best[Math.floor(r / NEARNESS.length) % best.length]
    const row = rowOf(rows, r)
    sampleDirichlet(
      centre.map((weight) => nearness * weight),
      rng,
      row,
    )
    moveInto(space, row)
  }
}

/** Moves weight from one domain to another, by a log-uniform share of what the bounds let them exchange. */
function exchange(space: Space, best: readonly Float64Array[], rows: RowMatrix, rng: Rng): void {
  const { lower, upper } = space
  const partners = best.map((centre) => ({
    givers: indicesWhere(centre, (weight, i) => weight > lower[i]),
    takers: indicesWhere(centre, (weight, i) => weight < upper[i]),
  }))
  for (let r = 0; r < rows.rows; r++) {
    const centre = best[r % best.length]
    const { givers, takers } = partners[r % best.length]
    const row = rowOf(rows, r)
    row.set(centre)
    if (givers.length === 0 || takers.length === 0) continue
    const from = givers[rng.integer(givers.length)]
    const place = rng.integer(takers.length)
    const to = takers[place] === from ? takers[(place + 1) % takers.length] : takers[place]
    if (from === to) continue
    const most = Math.min(centre[from] - lower[from], upper[to] - centre[to])
    const moved = most * LEAST_EXCHANGE ** rng.uniform()
    row[from] = Math.max(lower[from], centre[from] - moved)
    row[to] = Math.min(upper[to], centre[to] + moved)
    moveInto(space, row)
  }
}

function indicesWhere(
  weights: Float64Array,
  holds: (weight: number, i: number) => boolean,
): number[] {
  return [...weights.keys()].filter((i) => holds(weights[i], i))
}
