import {
  choleskyInPlace,
  type LowerFactor,
  solveFactored,
  solveLower,
  solveLowerMany,
  solveLowerTransposed,
} from '../linear-algebra/index.js'
import type { Box } from './box.js'
import type { CauchyPoint } from './cauchy-point.js'
import type { LimitedMemoryMatrix } from './limited-memory-matrix.js'

/** Share of the Cauchy point's descent from x that the projected point needs, to first order. */
const ENOUGH_DESCENT = 0.1

/**
 * Where the quadratic model is least when only the free variables move from the Cauchy point,
 * brought back into the box: by projection (Morales and Nocedal 2011, "Remark on algorithm 778"),
 * or where that would go hardly downhill from x, by a shorter step (Byrd, Lu, Nocedal and Zhu 1995,
 * section 5.1). The remark takes any descent for enough; then the search can come to rest far from
 * a minimum, with directions ever closer to a level line.
 * @returns undefined when rounding has made the reduced model indefinite
 */
export function minimiseInSubspace(
  x: Float64Array,
  gradient: Float64Array,
  box: Box,
  matrix: LimitedMemoryMatrix,
  cauchy: CauchyPoint,
): Float64Array | undefined {
  if (matrix.count === 0 || !cauchy.isFree.includes(1)) return cauchy.point
  const step = newtonStep(x, gradient, matrix, cauchy)
  if (!step) return undefined
  const projected = cauchy.point.map((value, j) => value + step[j])
  if (!box.clip(projected)) return projected
  const enough = ENOUGH_DESCENT * slopeTowards(cauchy.point, x, gradient)
  if (slopeTowards(projected, x, gradient) <= enough) return projected
  const share = box.longestStep(cauchy.point, step, 1)
  const shortened = cauchy.point.map((value, j) => value + share * step[j])
  box.clip(shortened)
  return shortened
}

function slopeTowards(target: Float64Array, x: Float64Array, gradient: Float64Array): number {
  let slope = 0
  for (let j = 0; j < x.length; j++) slope += (target[j] - x[j]) * gradient[j]
  return slope
}

/**
 * −B̂⁻¹ r for the model's Hessian B̂ and gradient r in the free variables, 0 in the others. With Z
 * the selection of the free variables, Sherman, Morrison and Woodbury give
 *   B̂⁻¹ r = r / θ + ZᵀW K⁻¹ WᵀZ r / θ²,   K = M⁻¹ − WᵀZZᵀW / θ.
 */
function newtonStep(
  x: Float64Array,
  gradient: Float64Array,
  matrix: LimitedMemoryMatrix,
  { point, isFree, shift }: CauchyPoint,
): Float64Array | undefined {
  const { theta } = matrix
  const curved = new Float64Array(shift.length)
  matrix.multiplyMiddle(shift, curved)
  const reduced = new Float64Array(x.length)
  for (let j = 0; j < x.length; j++) {
    if (isFree[j] === 0) continue
    reduced[j] = gradient[j] + theta * (point[j] - x[j]) - matrix.expand(curved, j)
  }
  const correction = new Float64Array(shift.length)
  matrix.project(reduced, correction)
  if (!solveReducedMiddle(matrix, isFree, correction)) return undefined
  return reduced.map((slope, j) => {
    if (isFree[j] === 0) return 0
    return -(slope + matrix.expand(correction, j) / theta) / theta
  })
}

/**
 * Solves K v = b in place. In blocks K = [−P  Qᵀ; Q  R] with
 *   P = I + YᵀZZᵀY / θ,   Q = L − SᵀZZᵀY,   R = θ SᵀAAᵀS,
 * A being the selection of the variables that are held. P and R + Q P⁻¹ Qᵀ are positive definite.
 */
function solveReducedMiddle(
  matrix: LimitedMemoryMatrix,
  isFree: Uint8Array,
  vector: Float64Array,
): boolean {
  const { count } = matrix
  const { free, across, held } = reducedBlocks(matrix, isFree)
  if (choleskyInPlace(free, count) >= 0) return false
  const factor: LowerFactor = { data: free, size: count, stride: count }
  solveLowerMany(factor, across, count)
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      for (let k = 0; k < count; k++) {
        held[i * count + j] += across[k * count + i] * across[k * count + j]
      }
    }
  }
  if (choleskyInPlace(held, count) >= 0) return false
  const first = vector.subarray(0, count)
  const second = vector.subarray(count)
  solveLower(factor, first)
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < count; k++) second[i] += across[k * count + i] * first[k]
  }
  solveFactored({ data: held, size: count, stride: count }, second)
  for (let k = 0; k < count; k++) {
    first[k] = -first[k]
    for (let i = 0; i < count; i++) first[k] += across[k * count + i] * second[i]
  }
  solveLowerTransposed(factor, first)
  return true
}

/** P, Qᵀ and R, count × count each. */
function reducedBlocks(matrix: LimitedMemoryMatrix, isFree: Uint8Array) {
  const { count, theta, steps, changes } = matrix
  const free = new Float64Array(count * count)
  const across = new Float64Array(count * count)
  const held = new Float64Array(count * count)
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < count; k++) {
      const at = i * count + k
      free[at] = i === k ? 1 : 0
      across[at] = k > i ? matrix.crossProduct(k, i) : 0
      for (let j = 0; j < isFree.length; j++) {
        if (isFree[j] === 1) {
          free[at] += (changes[i][j] * changes[k][j]) / theta
          across[at] -= changes[i][j] * steps[k][j]
        } else {
          held[at] += theta * steps[i][j] * steps[k][j]
        }
      }
    }
  }
  return { free, across, held }
}
