import { evaluateGraph, type Value } from '../../../../src/training/graph/index.js'
import type { Draw } from './draw.js'

/** Derivatives of a scalar by each element of an input, with an error of about 1e-10 where the third is moderate. */
export function centralDifferences(loss: Value, input: Value, draw: Draw): number[] {
  const name = input.source.kind === 'input' ? input.source.name : ''
  const center = draw.feeds[name]
  const step = 1e-5
  const at = (i: number, shift: number) => {
    const shifted = Float64Array.from(center)
    shifted[i] += shift
    return evaluateGraph([loss], { ...draw.feeds, [name]: shifted })[0].data[0]
  }
  return Array.from(center, (_, i) => (at(i, step) - at(i, -step)) / (2 * step))
}
