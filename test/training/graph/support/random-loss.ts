import { add, cast, multiply, reduceSum, type Value } from '../../../../src/training/graph/index.js'
import type { Draw } from './draw.js'

/** A scalar in which every element of the values has a weight of its own: its derivatives hide none. */
export function randomLoss(draw: Draw, values: readonly Value[]): Value {
  return values
    .map((value) => {
      const weights = draw.float(value.shape)
      return reduceSum(multiply(cast(value, 'float32'), weights))
    })
    .reduce(add)
}
