import { describe, expect, test } from 'vitest'
import {
  add,
  broadcastTo,
  concat,
  crossEntropy,
  divide,
  evaluateGraph,
  Graph,
  GraphError,
  gatherElements,
  liveLeaves,
  liveNodes,
  matmul,
  multiply,
  pad,
  reduceSum,
  reshape,
  rmsNorm,
  scatterAddRows,
  slice,
  softmax,
  split,
  subtract,
  tanh,
  transpose,
  type Value,
  where,
} from '../../../src/training/graph/index.js'

function inputs(graph = new Graph()) {
  return {
    graph,
    x: graph.input('x', 'float32', [2, 3]),
    y: graph.input('y', 'float32', [4, 5]),
    ids: graph.input('ids', 'int64', [2]),
  }
}

describe('errors of shape inference name the operator, the types and the reason', () => {
  const { graph, x, y, ids } = inputs()
  const cases: readonly [string, () => unknown, string][] = [
    [
      'add',
      () => add(x, y),
      'add(float32[2, 3], float32[4, 5]): [2, 3] and [4, 5] do not broadcast',
    ],
    ['dtypes', () => multiply(x, ids), 'operands are float32 and int64'],
    ['float only', () => tanh(ids), 'tanh(int64[2]): int64 is not allowed, only float32'],
    [
      'matmul',
      () => matmul(x, y),
      'matmul(float32[2, 3], float32[4, 5]): inner sizes 3 and 4 differ (transA false, transB false)',
    ],
    ['matmul of vectors', () => matmul(x, reduceSum(y, 0)), 'operands need two axes'],
    [
      'reshape',
      () => reshape(x, [4, 2]),
      'reshape(float32[2, 3]): [4, 2] has another number of elements',
    ],
    [
      'broadcastTo',
      () => broadcastTo(x, [3]),
      'broadcastTo(float32[2, 3]): does not broadcast to [3]',
    ],
    [
      'transpose',
      () => transpose(x, [0, 0]),
      'transpose(float32[2, 3]): [0, 0] is no permutation of its axes',
    ],
    [
      'concat',
      () => concat([x, y], 0),
      'concat(float32[2, 3], float32[4, 5]): sizes differ in an axis other than 0',
    ],
    ['concat of nothing', () => concat([], 0), 'concat: there are no pieces'],
    ['split', () => split(x, 1, [1, 1]), 'split(float32[2, 3]): sizes [1, 1] do not sum to 3'],
    ['slice', () => slice(x, 1, 2, 5), 'slice(float32[2, 3]): 2 to 5 is no part of axis 1 of 3'],
    ['pad', () => pad(x, 1, -1, 0), 'pad(float32[2, 3]): cannot pad by -1 and 0'],
    ['axis', () => reduceSum(x, 2), 'reduceSum(float32[2, 3]): axis 2 is outside of rank 2'],
    ['no axes', () => reduceSum(x, []), 'reduceSum(float32[2, 3]): no axes are given'],
    ['softmax', () => softmax(graph.scalar(1)), 'softmax(float32[]): a scalar has no last axis'],
    [
      'where',
      () => where(x, 1, x),
      'where(float32[2, 3], float32[], float32[2, 3]): float32 is not allowed, only bool',
    ],
    [
      'gatherElements',
      () => gatherElements(x, ids, 0),
      'the indices must fit [0, 3] but for axis 0',
    ],
    ['scatterAddRows', () => scatterAddRows(x, ids, y), 'the updates must be [2, 3]'],
    [
      'crossEntropy',
      () => crossEntropy(y, ids),
      'it needs logits [rows, classes] and targets [rows]',
    ],
    ['rmsNorm', () => rmsNorm(x, reduceSum(y, 0)), 'the gain must be [3]'],
    ['other graph', () => add(x, new Graph().scalar(1)), 'is of another graph'],
    ['input', () => graph.input('x', 'float32', [1]), 'input: "x" is there already'],
    ['empty name', () => graph.input('', 'float32', [1]), 'input: the name is empty'],
    [
      'dimension',
      () => graph.input('z', 'float32', [2, 0]),
      'float32[2, 0]: every dimension must be a positive integer',
    ],
    [
      'constant',
      () => graph.constant('int32', [2], [1]),
      'constant: int32[2] has 2 elements, 1 were given',
    ],
  ]
  test.each(cases)('%s', (_, build, message) => {
    expect(build).toThrow(GraphError)
    expect(build).toThrow(message)
  })
})

describe('what is the same is there once', () => {
  test('applications, whatever the order of operands that may change places', () => {
    const { x } = inputs()
    const z = tanh(x)
    expect(tanh(x)).toBe(z)
    expect(add(x, z)).toBe(add(z, x))
    expect(subtract(x, z)).not.toBe(subtract(z, x))
    expect(transpose(x, [1, 0])).toBe(transpose(x))
    expect(slice(x, 1, 0, 1)).not.toBe(slice(x, 1, 0, 2))
  })

  test('constants, by type, shape and every bit', () => {
    const { graph } = inputs()
    const one = graph.constant('float32', [3], [1, 5, 2])
    expect(graph.constant('float32', [3], [1, 5, 2])).toBe(one)
    expect(graph.constant('float32', [3], [1, 6, 2])).not.toBe(one)
    expect(graph.constant('float32', [3, 1], [1, 5, 2])).not.toBe(one)
    expect(graph.constant('int32', [3], [1, 5, 2])).not.toBe(one)
    expect(graph.scalar(-0)).not.toBe(graph.scalar(0))
    expect(graph.scalar(Number.NaN)).toBe(graph.scalar(Number.NaN))
  })

  test('unless sharing is off', () => {
    const { x } = inputs(new Graph({ shareSubexpressions: false }))
    expect(tanh(x)).not.toBe(tanh(x))
  })
})

describe('what does nothing is left out', () => {
  test('neutral numbers', () => {
    const { x } = inputs()
    for (const same of [add(x, 0), add(0, x), subtract(x, 0), multiply(1, x), divide(x, 1)]) {
      expect(same).toBe(x)
    }
    const row = x.graph.constant('float32', [1, 1, 1], [0])
    expect(add(x, row).shape).toEqual([1, 2, 3])
  })

  test('moves that end where they began', () => {
    const { x } = inputs()
    expect(transpose(transpose(x))).toBe(x)
    expect(reshape(reshape(x, [6]), [2, 3])).toBe(x)
    expect(broadcastTo(x, [2, 3])).toBe(x)
    expect(split(x, 1, [3])).toEqual([x])
    expect(slice(x, -1, 0, 3)).toBe(x)
    expect(concat([x], 0)).toBe(x)
  })

  test('a repetition that broadcasting does anyway', () => {
    const { x } = inputs()
    const row = reduceSum(x, 0)
    expect(multiply(x, broadcastTo(row, [2, 3]))).toBe(multiply(x, row))
    const both = add(
      broadcastTo(row, [2, 3]),
      broadcastTo(reduceSum(x, 1, { keepDims: true }), [2, 3]),
    )
    expect(both.shape).toEqual([2, 3])
    expect(add(broadcastTo(row, [2, 3]), broadcastTo(row, [2, 3])).shape).toEqual([2, 3])
  })

  test('constant factors of a matrix product, which become its alpha', () => {
    const { x } = inputs()
    const scaled = matmul(reshape(multiply(reshape(x, [6]), 3), [2, 3]), multiply(x, 0.5), {
      transB: true,
    })
    expect(operatorNames(scaled)).toEqual(['matmul'])
    const feeds = { x: [1, 2, 3, 4, 5, 6] }
    expect([...evaluateGraph([scaled], feeds)[0].data]).toEqual([21, 48, 48, 115.5])
  })

  test('nodes and leaves that an output does not need', () => {
    const { x, y } = inputs()
    const wanted = tanh(x)
    multiply(y, 2)
    expect(operatorNames(wanted)).toEqual(['tanh'])
    expect(liveLeaves([wanted])).toEqual([x])
    expect(evaluateGraph([wanted], { x: new Array(6).fill(0) })[0].data).toHaveLength(6)
  })
})

function operatorNames(...outputs: Value[]): string[] {
  return liveNodes(outputs).map((node) => node.operator.name)
}
