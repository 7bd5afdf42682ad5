import { createRng, type Rng } from '../../random.js'
import { createRowMatrix, type RowMatrix, rowOf } from '../../row-matrix.js'
import { projectEuclidean } from '../projection/project.js'
import type { Space } from '../types.js'
import { largestViolation } from '../violation.js'
import { hitAndRun } from './hit-and-run.js'
import { distanceToBoundary, interiorOf, removeComponents } from './interior.js'
import { sobolSequence } from './sobol.js'
import { exponentialSpacings, sampleUniformSimplex } from './uniform-simplex.js'

/** Draws to judge by whether rejection pays, and the share of them that has to be feasible. */
const PROBES = 512
const LEAST_ACCEPTANCE = 0.02

/** Rows are feasible to rounding; more than this is put right by a projection. */
const ROUNDING = 1e-12

/**
 * `count` mixtures uniform on the feasible set, each feasible to 1e-9: by rejection where at least 2 % of the draws are
 * feasible (then independent), else by hit-and-run (then uniform in the limit and spaced out; see `hitAndRun`).
 * @returns (count × m)
 * @throws InvalidInputError when no mixture meets the constraints
 */
export function sampleUniform(space: Space, count: number, rng: Rng): RowMatrix {
  const propose = proposer(space, (out) => sampleUniformSimplex(rng, out))
  if (acceptance(space, propose) >= LEAST_ACCEPTANCE) return rejectInto(space, count, propose)
  const walk = hitAndRun(space, rng)
  const rows = createRowMatrix(count, space.names.length)
  for (let r = 0; r < count; r++) walk(rowOf(rows, r))
  return rows
}

/**
 * The same one at a time, each from a stream of its own: mixtures uniform on the feasible set and feasible to 1e-9. Where
 * `sampleUniform` rejects they are as exact; else each is the end of a walk of its own.
 * @returns draws m weights, a new array each time
 * @throws InvalidInputError when no mixture meets the constraints
 */
export function uniformDrawer(space: Space): (rng: Rng) => Float64Array {
  // A stream of its own to judge by, so that all mixtures of a space are drawn in the same way.
  let source = createRng(0, 'acceptance')
  const propose = proposer(space, (out) => sampleUniformSimplex(source, out))
  if (acceptance(space, propose) >= LEAST_ACCEPTANCE) {
    return (rng) => {
      source = rng
      return rejectInto(space, 1, propose).data
    }
  }
  const interior = interiorOf(space)
  return (rng) => {
    const row = new Float64Array(space.names.length)
    hitAndRun(space, rng, interior)(row)
    return row
  }
}

/**
 * `count` mixtures spread evenly over the feasible set by a scrambled Sobol sequence, each feasible to 1e-9: its points on the
 * simplex, without those that are not feasible; or, where fewer than 2 % are, all of them drawn in towards an inner point, so
 * that the simplex fills the feasible set (space-filling then, but not uniform).
 * @returns (count × m)
 * @throws InvalidInputError when no mixture meets the constraints; RangeError for more than 256 domains that are not fixed
 */
export function sampleSobol(space: Space, count: number, rng: Rng): RowMatrix {
  const movable = movableDomains(space).length
  const fresh = () => {
    const sequence = sobolSequence(Math.max(1, movable), rng.fork('sobol'))
    return proposer(space, (out) => exponentialSpacings(sequence.next(out)))
  }
  if (acceptance(space, fresh()) >= LEAST_ACCEPTANCE) return rejectInto(space, count, fresh())
  return drawnIn(space, count, fresh())
}

type Propose = (out: Float64Array) => void

function movableDomains(space: Space): number[] {
  return [...space.names.keys()].filter((i) => space.lower[i] < space.upper[i])
}

/** Fixed weights as they are, lower bounds for all, and the rest as the given points of a simplex say. */
function proposer(space: Space, fill: (simplex: Float64Array) => void): Propose {
  // A projection, because it is what refuses a space without mixtures.
  projectEuclidean(space, space.lower)
  const movable = movableDomains(space)
  const share = new Float64Array(Math.max(1, movable.length))
  const rest = 1 - space.lower.reduce((sum, bound) => sum + bound, 0)
  return (out) => {
    fill(share)
    out.set(space.lower)
    movable.forEach((i, k) => {
      out[i] += rest * share[k]
    })
  }
}

function acceptance(space: Space, propose: Propose): number {
  const point = new Float64Array(space.names.length)
  let accepted = 0
  for (let i = 0; i < PROBES; i++) {
    propose(point)
    if (largestViolation(space, point) <= ROUNDING) accepted += 1
  }
  return accepted / PROBES
}

function rejectInto(space: Space, count: number, propose: Propose): RowMatrix {
  const rows = createRowMatrix(count, space.names.length)
  for (let r = 0; r < count; r++) {
    const row = rowOf(rows, r)
    do propose(row)
    while (largestViolation(space, row) > ROUNDING)
  }
  return rows
}

/**
 * Moves points of the simplex (above the lower bounds) along their rays from an inner point by the ratio of the two boundaries:
 * one to one, continuous, and nothing piles up on the boundary. Equalities are met by dropping the components across them.
 */
function drawnIn(space: Space, count: number, propose: Propose): RowMatrix {
  const interior = interiorOf(space)
  const { centre, free, normals } = interior
  const outer = { ...space, upper: new Float64Array(space.upper.length).fill(1) }
  const around = { ...interior, groups: [] }
  const rows = createRowMatrix(count, space.names.length)
  const direction = new Float64Array(centre.length)
  for (let r = 0; r < count; r++) {
    const row = rowOf(rows, r)
    propose(row)
    for (const i of free) direction[i] = row[i] - centre[i]
    removeComponents(direction, normals)
    const toOuter = distanceToBoundary(outer, around, centre, direction)
    const toInner = distanceToBoundary(space, interior, centre, direction)
    const length = toInner * Math.min(1, 1 / toOuter)
    row.set(centre)
    if (Number.isFinite(length)) for (const i of free) row[i] += length * direction[i]
    if (largestViolation(space, row) > ROUNDING) projectEuclidean(space, row, row)
  }
  return rows
}
