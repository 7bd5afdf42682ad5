import { describe, expect, test } from 'vitest'
import {
  add,
  cast,
  differentiate,
  evaluateGraph,
  exp,
  Graph,
  gatherElements,
  gatherRows,
  liveNodes,
  matmul,
  multiply,
  type Operator,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  square,
  tanh,
  type Value,
} from '../../../src/training/graph/index.js'
import { centralDifferences } from './support/central-differences.js'
import { Draw } from './support/draw.js'
import { expectClose } from './support/expect-close.js'
import { randomLoss } from './support/random-loss.js'

function evaluate(value: Value, feeds: Record<string, number[]>): number[] {
  return [...evaluateGraph([value], feeds)[0].data]
}

describe('gradients', () => {
  test('of a value that is used several times add up', () => {
    const x = new Graph().input('x', 'float32', [2])
    // d/dx (x³ + x e^x) = 3 x² + (1 + x) e^x
    const loss = reduceSum(add(multiply(x, square(x)), multiply(x, exp(x))))
    const [gradient] = differentiate(loss, [x])
    const expected = [1, -0.5].map((v) => 3 * v * v + (1 + v) * Math.exp(v))
    evaluate(gradient, { x: [1, -0.5] }).forEach((g, i) => {
      expect(g).toBeCloseTo(expected[i], 12)
    })
  })

  test('are zeros where the output does not depend on the value', () => {
    const graph = new Graph()
    const [x, y] = [graph.input('x', 'float32', [2]), graph.input('y', 'float32', [2, 2])]
    const [, gradient] = differentiate(reduceSum(x), [x, y])
    expect(gradient.shape).toEqual([2, 2])
    expect(evaluate(gradient, {})).toEqual([0, 0, 0, 0])
  })

  test('reach values in the middle of a graph, and what comes before and after them', () => {
    const x = new Graph().input('x', 'float32', [1])
    const middle = multiply(x, 3)
    const gradients = differentiate(square(middle), [middle, x])
    expect(gradients.map((gradient) => evaluate(gradient, { x: [2] }))).toEqual([[12], [36]])
  })

  test('start from a seed where the output has many elements', () => {
    const graph = new Graph()
    const [x, seed] = [graph.input('x', 'float32', [3]), graph.input('seed', 'float32', [3])]
    const [gradient] = differentiate(square(x), [x], seed)
    expect(evaluate(gradient, { x: [1, 2, 3], seed: [1, 0, -1] })).toEqual([2, 0, -6])
  })

  test('do not pass through integers', () => {
    const x = new Graph().input('x', 'float32', [2])
    const loss = reduceSum(multiply(x, cast(cast(x, 'int32'), 'float32')))
    const [gradient] = differentiate(loss, [x])
    expect(evaluate(gradient, { x: [2.5, 3.5] })).toEqual([2, 3])
  })

  test('can be differentiated again', () => {
    const x = new Graph().input('x', 'float32', [1])
    const [first] = differentiate(tanh(x), [x])
    const [second] = differentiate(first, [x])
    const t = Math.tanh(0.7)
    expect(evaluate(second, { x: [0.7] })[0]).toBeCloseTo(-2 * t * (1 - t * t), 12)
  })

  test('of an embedding that is used as a matrix too are scattered into those of the product', () => {
    const graph = new Graph()
    const table = graph.input('table', 'float32', [4, 2])
    const ids = graph.input('ids', 'int32', [3])
    const loss = reduceMean(matmul(gatherRows(table, ids), table, { transB: true }))
    const [gradient] = differentiate(loss, [table])
    expect(liveNodes([gradient]).map((node) => node.operator.name)).not.toContain('add')
    const rows = [1, 3, 1]
    const values = [1, 2, 3, 4, 5, 6, 7, 8]
    // loss = Σᵢ Σⱼ table[idsᵢ] · table[j] / 12
    const expected = values.map((_, at) => {
      const column = at % 2
      const gathered = rows.reduce((sum, row) => sum + values[row * 2 + column], 0)
      const all = [0, 1, 2, 3].reduce((sum, row) => sum + values[row * 2 + column], 0)
      return (gathered + rows.filter((row) => row === Math.floor(at / 2)).length * all) / 12
    })
    evaluate(gradient, { table: values, ids: rows }).forEach((g, i) => {
      expect(g).toBeCloseTo(expected[i], 12)
    })
  })
})

test('of values that are read in every way at once are those of central differences', () => {
  const draw = new Draw('every way at once', 1)
  const table = draw.float([3, 2])
  const rows = draw.integers([4], 3)
  const column = draw.integers([3, 1], 2)
  const ways = [
    () => gatherRows(table, rows),
    () => tanh(table),
    () => matmul(table, table, { transB: true }),
    () => gatherElements(table, column, 1),
    () => slice(table, 0, 1, 3),
    () => gatherRows(tanh(table), rows),
    () => gatherElements(exp(table), column, 1),
    () => gatherRows(table, cast(reshape(column, [3]), 'int32')),
  ]
  // The order of use is the order in which gradients meet.
  for (const order of [1, 3, 5, 7]) {
    const values = ways.map((_, i) => square(ways[(i * order) % ways.length]()))
    const loss = randomLoss(draw, values)
    const [gradient] = evaluateGraph(differentiate(loss, [table]), draw.feeds)
    expectClose(gradient.data, centralDifferences(loss, table, draw), 1e-7, `order ${order}`)
  }
})

test('a maximum that several elements share shares its gradient', () => {
  const x = new Graph().input('x', 'float32', [5])
  const [gradient] = differentiate(multiply(reduceMax(x), 6), [x])
  expect(evaluate(gradient, { x: [3, 1, 3, 0, 3] })).toEqual([2, 0, 2, 0, 2])
})

describe('what cannot be differentiated is refused', () => {
  const graph = new Graph()
  const x = graph.input('x', 'float32', [3])
  const ids = graph.input('ids', 'int64', [3])

  test('an output of many elements without a seed', () => {
    expect(() => differentiate(x, [x])).toThrow(
      'differentiate: float32[3] has more than one element, so it needs a seed of its shape',
    )
  })

  test('a seed of another shape', () => {
    expect(() => differentiate(x, [x], slice(x, 0, 0, 2))).toThrow(
      'differentiate: the seed is float32[2], the output float32[3]',
    )
  })

  test('integers', () => {
    expect(() => differentiate(reduceSum(x), [ids])).toThrow(
      'differentiate: int64[3] has no gradient, only float32 has',
    )
  })

  test('an operator without a derivative', () => {
    const rounding: Operator = {
      name: 'round',
      infer: ([type]) => [type],
      evaluate: ([tensor]) => [tensor.data.map(Math.round)],
      onnx: (node, emit) => emit.direct(node, 'Round'),
    }
    const [rounded] = graph.apply(rounding, [x], {})
    expect(() => differentiate(reduceSum(rounded), [x])).toThrow(
      'differentiate: round(float32[3]) has no derivative',
    )
  })
})
