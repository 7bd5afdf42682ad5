import type { Bounds } from './types.js'

/** The points between two bounds, which may be infinite or equal. */
export class Box {
  readonly lower: Float64Array
  readonly upper: Float64Array
  /** No bound at all. */
  readonly isEverything: boolean
  /** A finite bound on both sides of every variable. */
  readonly isBounded: boolean

  /** @throws RangeError when a lower bound is above its upper one, or a bound is NaN */
  constructor({ lower, upper }: Bounds) {
    if (lower.length !== upper.length) {
      throw new RangeError(`${lower.length} lower bounds and ${upper.length} upper bounds`)
    }
    this.lower = Float64Array.from(lower)
    this.upper = Float64Array.from(upper)
    this.lower.forEach((least, j) => {
      if (!(least <= this.upper[j] && least < Infinity && this.upper[j] > -Infinity)) {
        throw new RangeError(`variable ${j} has the bounds ${least} and ${this.upper[j]}`)
      }
    })
    const bounds = [...this.lower, ...this.upper]
    this.isEverything = !bounds.some(Number.isFinite)
    this.isBounded = bounds.every(Number.isFinite)
  }

  get size(): number {
    return this.lower.length
  }

  /** Moves every variable to its nearest value within the bounds; returns whether any moved. */
  clip(point: Float64Array): boolean {
    let moved = false
    for (let j = 0; j < point.length; j++) {
      const value = Math.min(Math.max(point[j], this.lower[j]), this.upper[j])
      moved ||= value !== point[j]
      point[j] = value
    }
    return moved
  }

  /**
   * ‖P(x − g) − x‖_∞, with P the projection on the box: 0 where x meets the first-order conditions.
   */
  projectedGradientNorm(point: Float64Array, gradient: Float64Array): number {
    let norm = 0
    for (let j = 0; j < point.length; j++) {
      const room = gradient[j] > 0 ? point[j] - this.lower[j] : this.upper[j] - point[j]
      norm = Math.max(norm, Math.min(Math.abs(gradient[j]), room))
    }
    return norm
  }

  /** The largest step, ≤ `most`, for which point + step · direction is within the bounds. */
  longestStep(point: Float64Array, direction: Float64Array, most: number): number {
    let longest = most
    for (let j = 0; j < point.length; j++) {
      const change = direction[j]
      if (change === 0) continue
      const room = change > 0 ? this.upper[j] - point[j] : this.lower[j] - point[j]
      if (room / change < longest) longest = Math.max(0, room / change)
    }
    return longest
  }
}
