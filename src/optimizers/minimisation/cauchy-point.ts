import type { Box } from './box.js'
import type { LimitedMemoryMatrix } from './limited-memory-matrix.js'
import { dot } from './vectors.js'

/** Where the quadratic model first stops to fall along the projected steepest descent. */
export interface CauchyPoint {
  readonly point: Float64Array
  /** 1 for the variables that no bound holds at the point. */
  readonly isFree: Uint8Array
  /** Wᵀ (point − x), of 2 · count entries. */
  readonly shift: Float64Array
}

/**
 * The point itself, with all variables free: where there are no bounds, the subspace is everything.
 */
export function withoutBounds(x: Float64Array, matrix: LimitedMemoryMatrix): CauchyPoint {
  return {
    point: x.slice(),
    isFree: new Uint8Array(x.length).fill(1),
    shift: new Float64Array(2 * matrix.count),
  }
}

/**
 * The generalised Cauchy point: the first local minimum of the model gᵀz + ½ zᵀBz along the path
 * t ↦ P(x − t g), which bends where a variable meets its bound (Byrd, Lu, Nocedal and Zhu 1995,
 * algorithm CP).
 */
export function generalisedCauchyPoint(
  x: Float64Array,
  gradient: Float64Array,
  box: Box,
  matrix: LimitedMemoryMatrix,
): CauchyPoint {
  const path = new ProjectedPath(x, gradient, box)
  const model = new ModelAlongPath(path.direction, matrix)
  let time = 0
  for (const j of path.order) {
    const stretch = path.times[j] - time
    if (model.fallsFor() < stretch) break
    time = path.times[j]
    path.stop(j)
    model.bend(stretch, j, path.direction[j], path.point[j] - x[j])
    path.direction[j] = 0
  }
  const rest = path.isMoving() ? Math.max(0, model.fallsFor()) : 0
  model.advance(rest)
  for (let j = 0; j < x.length; j++) {
    if (path.direction[j] !== 0) path.point[j] = x[j] + (time + rest) * path.direction[j]
  }
  return { point: path.point, isFree: path.isFree, shift: model.shift }
}

/** x − t g, each variable stopping where it meets its bound. */
class ProjectedPath {
  readonly point: Float64Array
  readonly direction: Float64Array
  readonly isFree: Uint8Array
  /** When each variable meets its bound. */
  readonly times: Float64Array
  /** The variables that meet one, earliest first. */
  readonly order: Int32Array
  readonly #box: Box

  constructor(x: Float64Array, gradient: Float64Array, box: Box) {
    this.#box = box
    this.point = x.slice()
    this.direction = gradient.map((slope) => -slope)
    this.isFree = new Uint8Array(x.length).fill(1)
    this.times = new Float64Array(x.length).fill(Number.POSITIVE_INFINITY)
    const stopping: number[] = []
    for (let j = 0; j < x.length; j++) {
      const { [j]: change } = this.direction
      const heldBelow = x[j] <= box.lower[j] && change <= 0
      const heldAbove = x[j] >= box.upper[j] && change >= 0
      if (heldBelow || heldAbove) {
        this.direction[j] = 0
        this.isFree[j] = 0
      } else if (change !== 0) {
        this.times[j] = ((change > 0 ? box.upper[j] : box.lower[j]) - x[j]) / change
        if (this.times[j] < Number.POSITIVE_INFINITY) stopping.push(j)
      }
    }
    this.order = Int32Array.from(stopping).sort((a, b) => this.times[a] - this.times[b])
  }

  stop(j: number): void {
    this.point[j] = this.direction[j] > 0 ? this.#box.upper[j] : this.#box.lower[j]
    this.isFree[j] = 0
  }

  isMoving(): boolean {
    return this.direction.some((change) => change !== 0)
  }
}

/** The model's slope and curvature on the straight stretch of the path that has been reached. */
class ModelAlongPath {
  readonly shift: Float64Array
  readonly #matrix: LimitedMemoryMatrix
  /** Wᵀ d for the direction d of the stretch. */
  readonly #projected: Float64Array
  readonly #row: Float64Array
  readonly #product: Float64Array
  readonly #leastCurvature: number
  #slope: number
  #curvature: number

  constructor(direction: Float64Array, matrix: LimitedMemoryMatrix) {
    this.#matrix = matrix
    this.shift = new Float64Array(2 * matrix.count)
    this.#projected = new Float64Array(2 * matrix.count)
    this.#row = new Float64Array(2 * matrix.count)
    this.#product = new Float64Array(2 * matrix.count)
    matrix.project(direction, this.#projected)
    matrix.multiplyMiddle(this.#projected, this.#product)
    this.#slope = -dot(direction, direction)
    this.#curvature = -matrix.theta * this.#slope - dot(this.#projected, this.#product)
    this.#leastCurvature = Number.EPSILON * this.#curvature
  }

  /** How long the model still falls on this stretch. */
  fallsFor(): number {
    return -this.#slope / this.#curvature
  }

  advance(time: number): void {
    for (let i = 0; i < this.shift.length; i++) this.shift[i] += time * this.#projected[i]
  }

  /**
   * Goes on to the end of the stretch, where variable j stops.
   * @param change its direction so far
   * @param moved how far it has come from x
   */
  bend(stretch: number, j: number, change: number, moved: number): void {
    const { theta } = this.#matrix
    this.advance(stretch)
    this.#matrix.row(j, this.#row)
    this.#matrix.multiplyMiddle(this.#row, this.#product)
    const withShift = dot(this.#product, this.shift)
    const withDirection = dot(this.#product, this.#projected)
    const withItself = dot(this.#product, this.#row)
    const squared = change * change
    this.#slope += stretch * this.#curvature + squared - theta * change * moved + change * withShift
    this.#curvature += 2 * change * withDirection - squared * (theta + withItself)
    this.#curvature = Math.max(this.#curvature, this.#leastCurvature)
    for (let i = 0; i < this.#row.length; i++) this.#projected[i] -= change * this.#row[i]
  }
}
