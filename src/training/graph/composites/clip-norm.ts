import { add, divide, minimum, multiply } from '../operators/arithmetic.js'
import { reduceSumSquare } from '../operators/reductions.js'
import { sqrt } from '../operators/unary.js'
import type { Value } from '../types.js'

/** Keeps the factor finite where the norm is 0; PyTorch adds the same. */
const TINY = 1e-6

/** L2 norm of all elements of all values together: a scalar. */
export function globalNorm(values: readonly Value[]): Value {
  return sqrt(values.map((value) => reduceSumSquare(value)).reduce(add))
}

/** min(1, limit / norm): what gradients are multiplied by so that their norm is at most `limit`. */
export function clipFactor(norm: Value, limit: number | Value): Value {
  return minimum(divide(limit, add(norm, TINY)), 1)
}

/** The values scaled so that their norm together is at most `limit`, and the norm before. */
export function clipByNorm(
  values: readonly Value[],
  limit: number | Value,
): { readonly clipped: readonly Value[]; readonly norm: Value } {
  const norm = globalNorm(values)
  const factor = clipFactor(norm, limit)
  return { clipped: values.map((value) => multiply(value, factor)), norm }
}
