import { describe, expect, test } from 'vitest'
import {
  crossEntropy,
  erf,
  evaluateGraph,
  Graph,
  gatherElements,
  gatherRows,
  gelu,
  logSumExp,
  softmax,
  type Value,
} from '../../../src/training/graph/index.js'

function evaluate(value: Value, feeds: Record<string, number[]>): number[] {
  return [...evaluateGraph([value], feeds)[0].data]
}

describe('known values', () => {
  test('erf, from tables', () => {
    const x = new Graph().input('x', 'float32', [6])
    const expected = [
      0, 0.5204998778130465, -0.8427007929497149, 0.9953222650189527, 0.999593047982555,
      0.9999779095030014,
    ]
    evaluate(erf(x), { x: [0, 0.5, -1, 2, 2.5, 3] }).forEach((value, i) => {
      expect(Math.abs(value - expected[i])).toBeLessThan(1e-14)
    })
  })

  test('GELU, by its definition with the hyperbolic tangent', () => {
    const x = new Graph().input('x', 'float32', [5])
    const points = [-3, -0.5, 0, 1, 4]
    evaluate(gelu(x), { x: points }).forEach((value, i) => {
      const z = points[i]
      const inner = Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)
      expect(value).toBeCloseTo(0.5 * z * (1 + Math.tanh(inner)), 14)
    })
  })

  test('cross entropy of equal logits is the logarithm of their number', () => {
    const graph = new Graph()
    const loss = crossEntropy(graph.input('x', 'float32', [1, 8]), graph.input('t', 'int32', [1]))
    expect(evaluate(loss, { x: new Array(8).fill(3), t: [5] })[0]).toBeCloseTo(Math.log(8), 14)
  })

  test('exponentials of large numbers do not overflow', () => {
    const graph = new Graph()
    const x = graph.input('x', 'float32', [1, 2])
    const feeds = { x: [1000, 0], t: [1] }
    expect(evaluate(softmax(x), feeds)).toEqual([1, 0])
    expect(evaluate(logSumExp(x), feeds)).toEqual([1000])
    expect(evaluate(crossEntropy(x, graph.input('t', 'int64', [1])), feeds)).toEqual([1000])
  })
})

describe('what cannot be evaluated is refused', () => {
  const graph = new Graph()
  const x = graph.input('x', 'float32', [2, 2])
  const ids = graph.input('ids', 'int32', [1])

  test('a missing input', () => {
    expect(() => evaluate(x, {})).toThrow('evaluate: input "x" of float32[2, 2] is missing')
  })

  test('an input of another length', () => {
    expect(() => evaluate(x, { x: [1] })).toThrow(
      'evaluate: input "x" of float32[2, 2] got 1 elements',
    )
  })

  test('an index outside of the table', () => {
    const feeds = { x: [1, 2, 3, 4], ids: [2] }
    expect(() => evaluate(gatherRows(x, ids), feeds)).toThrow(
      'gatherRows: index 2 is outside of 0 to 1',
    )
    const column = graph.input('column', 'int32', [2, 1])
    expect(() => evaluate(gatherElements(x, column, 1), { ...feeds, column: [0, -1] })).toThrow(
      'gatherElements: index -1 is outside of 0 to 1',
    )
  })
})
