import { GraphError } from '../graph-error.js'
import { int, type OnnxEmitter } from '../onnx/emitter.js'
import type { NoAttributes, Node, Operator, TensorType, Value } from '../types.js'
import { add, multiply, subtract } from './arithmetic.js'
import { FLOAT, INDEX, requireType } from './dtypes.js'
import { scatterElements } from './indexing.js'
import { broadcastTo, reshape } from './movement.js'
import { reduceSum } from './reductions.js'
import { exp } from './unary.js'

const LAST_AXIS = { attributes: { axis: int(-1) } }

const softmaxOperator: Operator<NoAttributes> = {
  name: 'softmax',
  infer: ([x]) => [requireRow(x)],
  gradient: ({ outputs: [y] }, [g]) => [g && softmaxGradient(y, g)],
  evaluate: ([x]) => [rowProbabilities(x.data, lastSize(x))],
  onnx: (node, emit) => emit.direct(node, 'Softmax', LAST_AXIS),
}

const logSoftmaxOperator: Operator<NoAttributes> = {
  name: 'logSoftmax',
  infer: ([x]) => [requireRow(x)],
  gradient: ({ outputs: [y] }, [g]) => [
    g && subtract(g, multiply(exp(y), reduceSum(g, -1, { keepDims: true }))),
  ],
  evaluate: ([x]) => {
    const size = lastSize(x)
    const logSums = rowLogSums(x.data, size)
    return [Float64Array.from(x.data, (element, i) => element - logSums[Math.floor(i / size)])]
  },
  onnx: (node, emit) => emit.direct(node, 'LogSoftmax', LAST_AXIS),
}

/** The probabilities are a second output, so that the gradient does not compute them again. */
const crossEntropyOperator: Operator<NoAttributes> = {
  name: 'crossEntropy',
  infer: ([logits, targets]) => {
    requireType(logits, FLOAT)
    requireType(targets, INDEX)
    const [rows] = logits.shape
    if (logits.shape.length !== 2 || targets.shape.length !== 1 || targets.shape[0] !== rows) {
      throw new GraphError('it needs logits [rows, classes] and targets [rows]')
    }
    return [
      { dtype: 'float32', shape: [rows] },
      { dtype: 'float32', shape: logits.shape },
    ]
  },
  gradient: ({ inputs: [, targets], outputs: [, probabilities] }, [loss, ofProbabilities]) => {
    const fromLoss = loss && lossGradient(probabilities, targets, loss)
    const direct = ofProbabilities && softmaxGradient(probabilities, ofProbabilities)
    return [fromLoss && direct ? add(fromLoss, direct) : (fromLoss ?? direct)]
  },
  evaluate: ([logits, targets]) => {
    const size = lastSize(logits)
    const logSums = rowLogSums(logits.data, size)
    const losses = logSums.map(
      (logSum, row) => logSum - logits.data[row * size + targets.data[row]],
    )
    return [losses, rowProbabilities(logits.data, size)]
  },
  onnx: writeCrossEntropy,
}

export const SOFTMAX: readonly Operator[] = [
  softmaxOperator,
  logSoftmaxOperator,
  crossEntropyOperator,
]

/** y ∘ (g − Σ g ∘ y) */
function softmaxGradient(y: Value, g: Value): Value {
  const weighted = multiply(g, y)
  return subtract(weighted, multiply(y, reduceSum(weighted, -1, { keepDims: true })))
}

/**
 * (probabilities − one-hot targets) ∘ g, without the one-hot matrix. The factor comes last: where it is one number, a
 * matrix product that follows takes it over.
 */
function lossGradient(probabilities: Value, targets: Value, g: Value): Value {
  const column = [targets.shape[0], 1]
  const minusOne = broadcastTo(g.graph.scalar(-1), column)
  const difference = scatterElements(probabilities, reshape(targets, column), minusOne, 1, 'add')
  return multiply(difference, reshape(g, column))
}

/**
 * The logarithm of the sum comes from the most probable class: log Σ eˣ = max x − log max p, where max p ≥ 1 / classes.
 * That takes two reductions instead of a second pass of exponentials, and a target whose probability underflows keeps
 * its finite loss.
 */
function writeCrossEntropy(node: Node<NoAttributes>, emit: OnnxEmitter): void {
  const [logits, targets] = node.inputs
  const rows = targets.shape[0]
  const [logitsName, probabilities] = [emit.name(logits), emit.name(node.outputs[1])]
  const classes = emit.constant('int64', [1], [1])
  const column = emit.constant('int64', [2], [rows, 1])
  const flat = emit.constant('int64', [1], [rows])
  emit.node('Softmax', [logitsName], [probabilities], LAST_AXIS)
  const indices = emit.temporary('Reshape', [emit.name(targets), column])
  const target = emit.temporary('GatherElements', [logitsName, indices], {
    attributes: { axis: int(1) },
  })
  const largest = emit.temporary('ReduceMax', [logitsName, classes])
  const mostProbable = emit.temporary('ReduceMax', [probabilities, classes])
  const logSum = emit.temporary('Sub', [largest, emit.temporary('Log', [mostProbable])])
  const loss = emit.temporary('Sub', [logSum, target])
  emit.node('Reshape', [loss, flat], [emit.name(node.outputs[0])])
}

function requireRow(x: TensorType): TensorType {
  if (x.shape.length === 0) throw new GraphError('a scalar has no last axis')
  return requireType(x, FLOAT)
}

function lastSize(x: TensorType): number {
  return x.shape[x.shape.length - 1]
}

function rowLogSums(x: ArrayLike<number>, size: number): Float64Array {
  return Float64Array.from({ length: x.length / size }, (_, row) => {
    let largest = Number.NEGATIVE_INFINITY
    for (let j = 0; j < size; j++) largest = Math.max(largest, x[row * size + j])
    let sum = 0
    for (let j = 0; j < size; j++) sum += Math.exp(x[row * size + j] - largest)
    return largest + Math.log(sum)
  })
}

function rowProbabilities(x: ArrayLike<number>, size: number): Float64Array {
  const logSums = rowLogSums(x, size)
  return Float64Array.from(x, (element, i) => Math.exp(element - logSums[Math.floor(i / size)]))
}

/** Probabilities over the last axis. */
export function softmax(x: Value): Value {
  return x.graph.apply(softmaxOperator, [x], {})[0]
}

/** Logarithms of the probabilities over the last axis. */
export function logSoftmax(x: Value): Value {
  return x.graph.apply(logSoftmaxOperator, [x], {})[0]
}

/**
 * −log softmax(logits)[target] of each row, in nats.
 * @param logits (n × classes) @param targets (n) integers, 0 to classes − 1 @returns (n)
 */
export function crossEntropy(logits: Value, targets: Value): Value {
  return logits.graph.apply(crossEntropyOperator, [logits, targets], {})[0]
}
