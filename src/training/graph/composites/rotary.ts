import { GraphError } from '../graph-error.js'
import { add, multiply, subtract } from '../operators/arithmetic.js'
import { concat, split } from '../operators/pieces.js'
import { describeType } from '../shapes.js'
import type { Value } from '../types.js'

/**
 * Rotary positions (Su et al. 2021), in halves: pairs (x[i], x[i + d/2]) turn by position · base^(−2i/d).
 * @param x (… × tokens × d), d even @returns the same shape
 */
export function rotaryEmbedding(x: Value, base = 10_000): Value {
  const [tokens, size] = x.shape.slice(-2)
  if (x.shape.length < 2 || size % 2 !== 0) {
    throw new GraphError(`rotaryEmbedding(${describeType(x)}): the last axis must be even`)
  }
  const half = size / 2
  const angles = Float64Array.from(
    { length: tokens * half },
    (_, i) => Math.floor(i / half) * base ** ((-2 * (i % half)) / size),
  )
  const cosine = x.graph.constant('float32', [tokens, half], angles.map(Math.cos))
  const sine = x.graph.constant('float32', [tokens, half], angles.map(Math.sin))
  const [first, second] = split(x, -1, [half, half])
  return concat(
    [
      subtract(multiply(first, cosine), multiply(second, sine)),
      add(multiply(second, cosine), multiply(first, sine)),
    ],
    -1,
  )
}
