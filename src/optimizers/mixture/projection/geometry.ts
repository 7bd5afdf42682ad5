import type { CappedSimplex } from './capped-simplex.js'

/**
 * What makes a projection Euclidean or KL, for the dual method: a cost to minimise over the capped simplex while a
 * linear reward `shift` is paid on the weights. All arrays have m entries.
 */
export interface Geometry {
  /** Sets the point that is projected. */
  setPoint(point: ArrayLike<number>): void
  /** Writes argmin cost(w) − ⟨shift, w⟩ over the capped simplex to `out`. */
  respond(shift: Float64Array, out: Float64Array): void
  /** How fast an unclipped weight grows with its shift, before the sum is restored. */
  curvature(weight: number): number
  /** A step of the multipliers that is neither timid nor reckless. */
  stepScale(): number
}

/** cost(w) = ½ ‖w‖² − ⟨point, w⟩, which is half the squared distance but for a constant. */
export function euclideanGeometry(simplex: CappedSimplex, m: number): Geometry {
  const target = new Float64Array(m)
  const shifted = new Float64Array(m)
  return {
    setPoint(point) {
      let largest = Number.NEGATIVE_INFINITY
      for (let i = 0; i < m; i++) if (point[i] > largest) largest = point[i]
      // A common shift moves no projection on Σ w = 1; this one keeps the cost small, hence well resolved.
      for (let i = 0; i < m; i++) target[i] = point[i] - largest
    },
    respond(shift, out) {
      for (let i = 0; i < m; i++) shifted[i] = target[i] + shift[i]
      simplex.euclidean(shifted, out)
    },
    curvature: () => 1,
    stepScale() {
      let smallest = 0
      for (let i = 0; i < m; i++) if (target[i] < smallest) smallest = target[i]
      return 1 - smallest
    },
  }
}

/** Entries of the point enter as at least e^−100 ≈ 4e−44 of the largest, so that a group can ask for weight at a zero. */
const SMALLEST_LOG = -100

/** cost(w) = Σ w_i ln(w_i / point_i), the point in any scale. */
export function klGeometry(simplex: CappedSimplex, m: number): Geometry {
  const logPoint = new Float64Array(m)
  const shifted = new Float64Array(m)
  return {
    setPoint(point) {
      let largest = 0
      for (let i = 0; i < m; i++) if (point[i] > largest) largest = point[i]
      for (let i = 0; i < m; i++) {
        const log = largest > 0 ? Math.log(point[i] / largest) : 0
        logPoint[i] = Math.max(SMALLEST_LOG, log)
      }
    },
    respond(shift, out) {
      let largest = Number.NEGATIVE_INFINITY
      for (let i = 0; i < m; i++) {
        shifted[i] = logPoint[i] + shift[i]
        if (shifted[i] > largest) largest = shifted[i]
      }
      for (let i = 0; i < m; i++) shifted[i] = Math.exp(shifted[i] - largest)
      simplex.kl(shifted, out)
    },
    curvature: (weight) => weight,
    stepScale: () => 20,
  }
}
