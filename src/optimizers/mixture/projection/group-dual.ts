import { groupSum } from '../active-constraints.js'
import type { GroupConstraint, Space } from '../types.js'
import { solveCholesky } from './cholesky.js'
import type { Geometry } from './geometry.js'

/** Group sums this close to their limits are met: rounding of a sum. */
const CONVERGED = 1e-13
const MOST_ITERATIONS = 100
/** Newton's steps after which every other step is along one multiplier only. */
const PATIENCE = 20
/** Share of the slope at its start that may be left where a line search ends, before and after that. */
const ROUGH = 0.1
const FINE = 1e-3
const MOST_TRIALS = 60
const LONGEST_STEP = 1e6

/**
 * Projection on a capped simplex with group sums, by a Newton method on the groups' multipliers μ. The sum and the
 * bounds are met exactly at every step, because each evaluation is a projection on the capped simplex. The function
 *   D(μ) = −min_w { cost(w) − Σ_k μ_k S_k(w) } − Σ_k σ_k(μ_k),   σ_k(μ) = minimum_k μ for μ > 0, maximum_k μ for μ < 0,
 * is convex; its slope in μ_k is S_k − limit_k, S_k being the group's sum, with a jump at μ_k = 0. The line search looks
 * for a zero of the slope and never at D: slopes are resolved to rounding, differences of D only to its square root.
 */
export class GroupDual {
  private readonly multipliers: Float64Array
  private readonly trial: Float64Array
  private readonly sums: Float64Array
  private readonly slopes: Float64Array
  private readonly step: Float64Array
  private readonly active: Int32Array
  /** Where a group stands in `active`, or −1. */
  private readonly slot: Int32Array
  private readonly hessian: Float64Array
  private readonly freeMass: Float64Array
  private readonly shift: Float64Array
  private readonly weights: Float64Array
  private readonly groupsOf: Int32Array[]

  constructor(
    private readonly space: Space,
    private readonly groups: readonly GroupConstraint[],
  ) {
    const g = groups.length
    const m = space.lower.length
    this.multipliers = new Float64Array(g)
    this.trial = new Float64Array(g)
    this.sums = new Float64Array(g)
    this.slopes = new Float64Array(g)
    this.step = new Float64Array(g)
    this.active = new Int32Array(g)
    this.slot = new Int32Array(g)
    this.hessian = new Float64Array(g * g)
    this.freeMass = new Float64Array(g)
    this.shift = new Float64Array(m)
    this.weights = new Float64Array(m)
    this.groupsOf = space.names.map((_, i) =>
      Int32Array.from(groups.keys()).filter((k) => groups[k].members.includes(i)),
    )
  }

  /**
   * Writes the projection of the geometry's point to `out`.
   * @returns the largest amount by which a group's limit, or the optimality of its multiplier, is missed
   */
  project(geometry: Geometry, out: Float64Array): number {
    this.trial.fill(0)
    let best = Number.POSITIVE_INFINITY
    for (let i = 0; i < MOST_ITERATIONS; i++) {
      if (i === 0) this.evaluate(geometry)
      this.multipliers.set(this.trial)
      const residual = this.largestSlope()
      if (residual < best) {
        best = residual
        out.set(this.weights)
      }
      if (residual <= CONVERGED) break
      if (i > PATIENCE && i % 2 === 1) this.findCoordinateStep(geometry)
      else this.findStep(geometry, residual)
      if (!this.search(geometry, i > PATIENCE ? FINE : ROUGH)) break
    }
    return best
  }

  /** The multipliers at which the last projection ended, one a group: positive where its minimum binds. */
  lastMultipliers(): Float64Array {
    return this.multipliers
  }

  /** Sets `weights` and `sums` to what answers the trial multipliers. */
  private evaluate(geometry: Geometry): void {
    const { groups, shift, trial, sums, weights } = this
    shift.fill(0)
    for (let k = 0; k < groups.length; k++) {
      if (trial[k] !== 0) for (const i of groups[k].members) shift[i] += trial[k]
    }
    geometry.respond(shift, weights)
    for (let k = 0; k < groups.length; k++) sums[k] = groupSum(groups[k], weights)
  }

  /** D's slope in the k-th multiplier where it is positive (side 1), negative (−1), or at 0, the smallest of those there. */
  private slope(k: number, side: number): number {
    const below = this.sums[k] - this.groups[k].minimum
    const above = this.sums[k] - this.groups[k].maximum
    if (side > 0) return below
    if (side < 0) return above
    return below < -CONVERGED ? below : above > CONVERGED ? above : 0
  }

  private largestSlope(): number {
    let largest = 0
    for (let k = 0; k < this.slopes.length; k++) {
      this.slopes[k] = this.slope(k, this.multipliers[k])
      largest = Math.max(largest, Math.abs(this.slopes[k]))
    }
    return largest
  }

  /**
   * Newton's step over the groups that bind, are violated, or are as near to a limit as the worst is to its own: those
   * would be violated next. The others stay at 0.
   */
  private findStep(geometry: Geometry, residual: number): void {
    const { multipliers, slopes, active, step, groups } = this
    let n = 0
    for (let k = 0; k < groups.length; k++) {
      const below = this.slope(k, 1)
      const above = this.slope(k, -1)
      const atRest = multipliers[k] === 0 && slopes[k] === 0
      if (atRest) slopes[k] = below < -above ? below : above
      if (!atRest || Math.abs(slopes[k]) < residual) active[n++] = k
    }
    for (let solved = false; !solved; ) {
      this.solveStep(geometry, residual, n)
      const kept = this.dropIdle(n)
      solved = kept === n
      n = kept
    }
    // A violated group whose multiplier is still 0 may only move to the side that helps.
    for (let k = 0; k < groups.length; k++) {
      if (multipliers[k] === 0 && step[k] * slopes[k] > 0 && !this.isIdle(k)) step[k] = 0
    }
  }

  /** A group inside its limits with a multiplier of 0: D rises to either side. */
  private isIdle(k: number): boolean {
    return (
      this.multipliers[k] === 0 && this.slope(k, 1) >= -CONVERGED && this.slope(k, -1) <= CONVERGED
    )
  }

  /** Removes idle groups that the step moves away from the limit they are near; returns how many groups stay active. */
  private dropIdle(n: number): number {
    const { active, step, slopes } = this
    let kept = 0
    for (let a = 0; a < n; a++) {
      const k = active[a]
      const towards = slopes[k] === this.slope(k, 1) ? step[k] > 0 : step[k] < 0
      if (towards || !this.isIdle(k)) active[kept++] = k
    }
    return kept
  }

  /** A step of the one multiplier that is furthest off: lands where Newton's steps, bouncing off a crease of D, do not. */
  private findCoordinateStep(geometry: Geometry): void {
    const { slopes, step } = this
    let worst = 0
    for (let k = 1; k < slopes.length; k++) {
      if (Math.abs(slopes[k]) > Math.abs(slopes[worst])) worst = k
    }
    step.fill(0)
    step[worst] = -Math.sign(slopes[worst]) * geometry.stepScale()
  }

  private solveStep(geometry: Geometry, residual: number, n: number): void {
    const { slopes, active, hessian, step } = this
    step.fill(0)
    this.fillHessian(geometry, n)
    let largest = 0
    for (let a = 0; a < n; a++) largest = Math.max(largest, hessian[a * n + a])
    // Damping that vanishes with the slopes keeps the step bounded where the Hessian is singular.
    const damping = residual / geometry.stepScale() + 1e-13 * largest
    for (let a = 0; a < n; a++) {
      hessian[a * n + a] += damping
      step[a] = -slopes[active[a]]
    }
    solveCholesky(hessian, n, step, n)
    for (let a = n - 1; a >= 0; a--) {
      const value = step[a]
      step[a] = 0
      step[active[a]] = value
    }
  }

  /** Σ_F c_i (a_i − ā)(a_i − ā)ᵀ over the unclipped domains F, a_i being domain i's row of group memberships. */
  private fillHessian(geometry: Geometry, n: number): void {
    const { hessian, active, slot, freeMass, groupsOf, space, weights } = this
    slot.fill(-1)
    for (let a = 0; a < n; a++) slot[active[a]] = a
    hessian.fill(0, 0, n * n)
    freeMass.fill(0)
    let total = 0
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] <= space.lower[i] || weights[i] >= space.upper[i]) continue
      const curvature = geometry.curvature(weights[i])
      total += curvature
      for (const k of groupsOf[i]) {
        const a = slot[k]
        if (a < 0) continue
        freeMass[a] += curvature
        for (const l of groupsOf[i]) {
          const b = slot[l]
          if (b >= 0 && b <= a) hessian[a * n + b] += curvature
        }
      }
    }
    if (total === 0) return
    for (let a = 0; a < n; a++) {
      for (let b = 0; b <= a; b++) hessian[a * n + b] -= (freeMass[a] * freeMass[b]) / total
    }
  }

  /**
   * Leaves in `trial` multipliers further along the step, where D's slope along it has nearly vanished or jumps over 0
   * because a multiplier passes 0. False when rounding leaves no way forward.
   */
  private search(geometry: Geometry, precision: number): boolean {
    const start = this.slopeAlong(0, 1)
    if (!(start < 0)) return false
    const enough = -precision * start
    let from = 0
    let slopeFrom = start
    let to = Number.POSITIVE_INFINITY
    let slopeTo = 0
    let length = 1
    for (let i = 0; i < MOST_TRIALS && length <= LONGEST_STEP; i++) {
      this.moveTrial(length)
      this.evaluate(geometry)
      const before = this.slopeAlong(length, -1)
      const after = this.slopeAlong(length, 1)
      if (before <= enough && after >= -enough) return true
      if (after < 0) {
        from = length
        slopeFrom = after
      } else {
        to = length
        slopeTo = before
      }
      if (to === Number.POSITIVE_INFINITY) length *= 2
      else {
        const share = i % 2 === 0 ? slopeFrom / (slopeFrom - slopeTo) : 0.5
        const next = this.nearestCrossing(from, to, from + share * (to - from))
        if (next <= from || next >= to) return true
        length = next
      }
    }
    return true
  }

  private moveTrial(length: number): void {
    const { multipliers, trial, step } = this
    for (let k = 0; k < trial.length; k++) {
      trial[k] = this.crossing(k) === length ? 0 : multipliers[k] + length * step[k]
    }
  }

  /** The length at which a multiplier with a jump at 0 passes 0, or Infinity. */
  private crossing(k: number): number {
    const { minimum, maximum } = this.groups[k]
    const length = -this.multipliers[k] / this.step[k]
    return minimum < maximum && length > 0 ? length : Number.POSITIVE_INFINITY
  }

  /** D's slope along the step at the trial multipliers, just before (side −1) or after (1) this length. */
  private slopeAlong(length: number, side: number): number {
    const { multipliers, trial, step } = this
    let sum = 0
    for (let k = 0; k < step.length; k++) {
      if (step[k] === 0) continue
      const position = length === 0 ? multipliers[k] : trial[k]
      sum += step[k] * this.slope(k, position === 0 ? side * step[k] : position)
    }
    return sum
  }

  /** Of the lengths strictly between `from` and `to` at which a multiplier passes 0 the nearest to `wish`, else `wish`. */
  private nearestCrossing(from: number, to: number, wish: number): number {
    let nearest = Number.POSITIVE_INFINITY
    for (let k = 0; k < this.step.length; k++) {
      const length = this.crossing(k)
      if (length > from && length < to && Math.abs(length - wish) < Math.abs(nearest - wish)) {
        nearest = length
      }
    }
    return nearest === Number.POSITIVE_INFINITY ? wish : nearest
  }
}
