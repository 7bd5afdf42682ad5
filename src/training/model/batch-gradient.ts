import {
  add,
  after,
  backpropagate,
  type Gradients,
  multiply,
  split,
  type Value,
  zeros,
} from '../graph/index.js'
import type { ModelConfig } from '../types.js'
import { weightedLoss } from './transformer.js'
import { effectiveWeights, type Parameters } from './weights.js'

/**
 * Mean loss of a batch and its gradient, computed in equal parts one after the other: matrices of fewer rows stay in
 * faster memory, and the activations of one part alone are in memory at a time.
 * @param wrt parameters that gradients are wanted of
 * @param sequences (batch × (context + 1)) ids
 * @param parts a divisor of the batch
 * @returns a scalar, and one gradient for each of `wrt`
 */
export function batchGradient(
  config: ModelConfig,
  parameter: Parameters,
  wrt: readonly Value[],
  sequences: Value,
  parts = batchParts(config, sequences.shape[0]),
): { loss: Value; gradients: readonly Value[] } {
  const weights = effectiveWeights(config, parameter)
  const matrices = [...weights.values()]
  const { graph } = sequences
  const share = graph.scalar(1 / parts)
  const rows = new Array<number>(parts).fill(sequences.shape[0] / parts)
  const losses: Value[] = []
  let totals: Gradients = new Map()
  for (const part of split(sequences, 0, rows)) {
    const loss = weightedLoss(config, weights, after(part, [...totals.values()]))
    losses.push(loss)
    totals = backpropagate(new Map([[loss, share]]), matrices, totals)
  }
  const gradients = backpropagate(totals, wrt)
  return {
    loss: multiply(losses.reduce(add), share),
    gradients: wrt.map((value) => gradients.get(value) ?? zeros(graph, value.shape)),
  }
}

/** Rows of the matrices of a part: measured, see docs/performance.md. */
const LEAST_ROWS = 256

/** As many parts as there are divisors of the batch for, of at least 256 rows and twice the width. */
function batchParts({ context, width }: ModelConfig, batch: number): number {
  const least = Math.max(LEAST_ROWS, 2 * width) / context
  for (let size = Math.ceil(least); size < batch; size++) {
    if (batch % size === 0) return batch / size
  }
  return 1
}
