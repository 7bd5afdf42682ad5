import {
  add,
  broadcastTo,
  cast,
  concat,
  crossEntropy,
  divide,
  equal,
  erf,
  exp,
  gatherElements,
  gatherRows,
  gelu,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  log,
  logSoftmax,
  logSumExp,
  matmul,
  maximum,
  minimum,
  multiply,
  negate,
  type Operand,
  pad,
  reciprocal,
  reduceMax,
  reduceMean,
  reduceSum,
  reduceSumSquare,
  reshape,
  rmsNorm,
  scatterAddRows,
  scatterElements,
  sigmoid,
  silu,
  slice,
  softmax,
  split,
  sqrt,
  subtract,
  tanh,
  transpose,
  type Value,
  where,
} from '../../../../src/training/graph/index.js'
import type { Draw } from './draw.js'
import { FUSED_CASES } from './fused-cases.js'

/** Draws inputs of an operator and applies it. */
export type OperatorCase = (draw: Draw) => Value | readonly Value[]

type Binary = (a: Operand, b: Operand) => Value

/** Both operands may be the one that is repeated. */
function broadcasting(operator: Binary, low = -2, high = 2): OperatorCase {
  return (draw) => {
    const shape = draw.sizes(draw.size(3), 3)
    const whole = draw.float(shape, low, high)
    const part = draw.float(draw.broadcastable(shape), low, high)
    return [operator(whole, part), operator(part, whole)]
  }
}

/** Numbers with repetitions, so that equality happens. */
function comparing(operator: Binary): OperatorCase {
  return (draw) => {
    const shape = draw.sizes(2, 5)
    return operator(draw.integers(shape, 3), draw.integers(draw.broadcastable(shape), 3))
  }
}

function elementwise(operator: (x: Value) => Value, low = -4, high = 4): OperatorCase {
  return (draw) => operator(draw.float(draw.sizes(2, 5), low, high))
}

function reducing(operator: typeof reduceSum): OperatorCase {
  return (draw) => {
    const rank = draw.size(3)
    const x = draw.float(draw.sizes(rank))
    const axes = draw.permutation(rank).slice(0, draw.size(rank))
    return [operator(x, axes), operator(x, axes, { keepDims: true }), operator(x)]
  }
}

/** Every combination of the flags, of batches that are equal, repeated and missing. */
function multiplyingMatrices(draw: Draw): Value[] {
  const [m, k, n] = draw.sizes(3)
  const batch = draw.sizes(draw.rng.integer(3), 3)
  const batches = [batch, draw.broadcastable(batch)]
  if (draw.rng.integer(2)) batches.reverse()
  return [false, true].flatMap((transA) =>
    [false, true].map((transB) => {
      const a = draw.float([...batches[0], ...(transA ? [k, m] : [m, k])])
      const b = draw.float([...batches[1], ...(transB ? [n, k] : [k, n])])
      return matmul(a, b, { transA, transB, alpha: draw.rng.integer(2) ? 1 : 0.75 })
    }),
  )
}

/** Operator name → how to draw applications of it. */
export const OPERATOR_CASES: Readonly<Record<string, readonly OperatorCase[]>> = {
  add: [
    broadcasting(add),
    (draw) => add(draw.integers([3, 2], 9), draw.integers([2], 9)),
    (draw) => add(draw.float([2, 3]), 0.5),
  ],
  subtract: [broadcasting(subtract), (draw) => subtract(1, draw.float([2, 3]))],
  multiply: [
    broadcasting(multiply),
    (draw) => multiply(draw.integers([4], 9, 'int32'), 3),
    (draw) => {
      const x = draw.float([3])
      return multiply(x, x)
    },
  ],
  divide: [broadcasting(divide, 0.5, 3), (draw) => divide(draw.integers([6], 20), 3)],
  maximum: [broadcasting(maximum)],
  minimum: [broadcasting(minimum)],
  negate: [elementwise(negate)],
  exp: [elementwise(exp)],
  log: [elementwise(log, 0.1, 5)],
  sqrt: [elementwise(sqrt, 0.1, 5)],
  reciprocal: [elementwise(reciprocal, 0.3, 5), elementwise(reciprocal, -5, -0.3)],
  tanh: [elementwise(tanh)],
  sigmoid: [elementwise(sigmoid)],
  erf: [elementwise(erf)],
  gelu: [elementwise(gelu, -6, 6)],
  silu: [elementwise(silu, -6, 6)],
  equal: [comparing(equal)],
  less: [comparing(less)],
  lessOrEqual: [comparing(lessOrEqual)],
  greater: [comparing(greater)],
  greaterOrEqual: [comparing(greaterOrEqual)],
  where: [
    (draw) => {
      const shape = draw.sizes(2)
      const [a, b] = [draw.float(draw.broadcastable(shape)), draw.float(shape)]
      return where(draw.bools(draw.broadcastable(shape)), a, b)
    },
    (draw) => where(draw.bools([5]), draw.float([5]), -1),
  ],
  cast: [
    (draw) => cast(draw.float([7]), 'int32'),
    (draw) => cast(draw.integers([7], 3), 'float32'),
    (draw) => cast(draw.integers([7], 3, 'int32'), 'int64'),
    (draw) => cast(draw.integers([7], 2), 'bool'),
    (draw) => cast(draw.bools([7]), 'float32'),
  ],
  transpose: [
    (draw) => transpose(draw.float(draw.sizes(3)), draw.permutation(3)),
    (draw) => transpose(draw.float(draw.sizes(4, 3)), draw.permutation(4)),
    (draw) => transpose(draw.float([2, 3])),
  ],
  reshape: [
    (draw) => {
      const [a, b, c] = draw.sizes(3)
      return reshape(draw.float([a, b, c]), [c, -1])
    },
    (draw) => reshape(draw.float([1, 1]), []),
  ],
  broadcastTo: [
    (draw) => {
      const shape = draw.sizes(3)
      return broadcastTo(draw.float(draw.broadcastable(shape)), shape)
    },
  ],
  concat: [
    (draw) => {
      const [a, b, c] = draw.sizes(3)
      return concat([draw.float([2, a, 3]), draw.float([2, b, 3]), draw.float([2, c, 3])], 1)
    },
    (draw) => {
      const x = draw.float([2, 2])
      return concat([x, x, draw.float([2, 1])], -1)
    },
  ],
  split: [
    (draw) => {
      const sizes = draw.sizes(3)
      const total = sizes[0] + sizes[1] + sizes[2]
      return split(draw.float([2, total, 2]), 1, sizes).slice(0, 2)
    },
  ],
  slice: [
    (draw) => {
      const start = draw.rng.integer(3)
      const x = draw.float([3, 6])
      return [slice(x, -1, start, start + draw.size(3)), slice(x, 0, 1, 3)]
    },
  ],
  pad: [(draw) => pad(draw.float(draw.sizes(3)), draw.rng.integer(3), draw.rng.integer(3), 1)],
  reduceSum: [reducing(reduceSum)],
  reduceMean: [reducing(reduceMean)],
  reduceMax: [reducing(reduceMax)],
  reduceSumSquare: [reducing(reduceSumSquare)],
  logSumExp: [reducing(logSumExp)],
  matmul: [multiplyingMatrices, multiplyingMatrices, multiplyingMatrices],
  gatherRows: [
    (draw) => gatherRows(draw.float([5, draw.size()]), draw.integers(draw.sizes(2), 5)),
    (draw) => gatherRows(draw.float([3, 2, 2]), draw.integers([6], 3, 'int32')),
  ],
  scatterAddRows: [
    (draw) => {
      const [rows, width] = draw.sizes(2)
      const table = draw.float([rows, width])
      return scatterAddRows(table, draw.integers([2, 3], rows), draw.float([2, 3, width]))
    },
    (draw) =>
      scatterAddRows(draw.float([3, 2]), draw.integers([6], 3, 'int32'), draw.float([6, 2])),
  ],
  gatherElements: [
    (draw) => {
      const [rows, columns] = draw.sizes(2)
      const x = draw.float([rows, columns])
      return [
        gatherElements(x, draw.integers([rows, 3], columns), 1),
        gatherElements(x, draw.integers([4, columns], rows, 'int32'), 0),
      ]
    },
  ],
  scatterElements: [
    (draw) => {
      const [rows, columns] = draw.sizes(2)
      const indices = draw.integers([rows, 3], columns)
      return scatterElements(draw.float([rows, columns]), indices, draw.float([rows, 3]), 1, 'add')
    },
    (draw) => {
      const indices = draw.integers([4, 1], 3, 'int32')
      return scatterElements(draw.float([4, 3]), indices, draw.float([4, 1]), 1)
    },
  ],
  softmax: [(draw) => softmax(draw.float(draw.sizes(3), -5, 5))],
  logSoftmax: [(draw) => logSoftmax(draw.float(draw.sizes(3), -5, 5))],
  crossEntropy: [
    (draw) => {
      const [rows, classes] = draw.sizes(2, 6)
      return crossEntropy(draw.float([rows, classes], -8, 8), draw.integers([rows], classes))
    },
    (draw) => crossEntropy(draw.float([5, 4], -8, 8), draw.integers([5], 4, 'int32')),
    (draw) => {
      const loss = crossEntropy(draw.float([3, 4]), draw.integers([3], 4))
      return loss.source.kind === 'node' ? loss.source.node.outputs : []
    },
  ],
  rmsNorm: [
    (draw) => {
      const shape = draw.sizes(2)
      return rmsNorm(draw.float([...shape, 5]), draw.float([5]))
    },
    (draw) => {
      const y = rmsNorm(draw.float([3, 4]), draw.float([4]), 1e-2)
      return y.source.kind === 'node' ? y.source.node.outputs : []
    },
  ],
  ...FUSED_CASES,
}
