import type { Graph } from '../graph.js'
import type { Value } from '../types.js'

/** Finite, so that no engine meets ∞ − ∞; far below any score, so that its exponential is 0. */
const FORBIDDEN = -1e30

/** (tokens × tokens), to be added to attention scores: 0 where the column is not after the row, −1e30 where it is. */
export function causalMask(graph: Graph, tokens: number): Value {
  const mask = new Float64Array(tokens * tokens)
  for (let row = 0; row < tokens; row++) {
    mask.fill(FORBIDDEN, row * tokens + row + 1, (row + 1) * tokens)
  }
  return graph.constant('float32', [tokens, tokens], mask)
}
