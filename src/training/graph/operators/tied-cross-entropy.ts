import { GraphError } from '../graph-error.js'
import { int, ints, MICROSOFT, type OnnxEmitter } from '../onnx/emitter.js'
import type { NoAttributes, Node, Operator, Tensor, Value } from '../types.js'
import { multiply, subtract } from './arithmetic.js'
import { FLOAT, INDEX, requireType } from './dtypes.js'
import { gatherRows, scatterAddRows } from './indexing.js'
import { matmul } from './matmul.js'
import { reshape } from './movement.js'
import { negate } from './unary.js'

/** The smallest probability that still counts: above the smallest normal number in single precision. */
const SMALLEST = 1e-37

/**
 * Outputs the loss of each row and the probabilities, which the gradient uses again. (p − one-hot) E is computed as
 * p E − E[target]: nothing of the size of the logits is passed over but by the softmax and the products.
 * ONNX forms: `fused` uses ONNX Runtime's FusedMatMul, `standard` no operator outside of the standard.
 */
const tiedCrossEntropyOperator: Operator<NoAttributes> = {
  name: 'tiedCrossEntropy',
  infer: ([x, table, targets]) => {
    requireType(x, FLOAT)
    requireType(table, FLOAT)
    requireType(targets, INDEX)
    const [rows, width] = x.shape
    const fits =
      x.shape.length === 2 &&
      table.shape.length === 2 &&
      table.shape[1] === width &&
      targets.shape.length === 1 &&
      targets.shape[0] === rows
    if (!fits)
      throw new GraphError('it needs x [rows, width], table [classes, width], targets [rows]')
    return [
      { dtype: 'float32', shape: [rows] },
      { dtype: 'float32', shape: [rows, table.shape[0]] },
    ]
  },
  gradient: ({ inputs: [x, table, targets], outputs: [, probabilities] }, [g]) => {
    if (!g) return []
    const weight = reshape(g, [x.shape[0], 1])
    const weighted = multiply(x, weight)
    const expected = matmul(probabilities, table)
    const ofTable = matmul(probabilities, weighted, { transA: true })
    return [
      multiply(subtract(expected, gatherRows(table, targets)), weight),
      scatterAddRows(ofTable, targets, negate(weighted)),
    ]
  },
  evaluate: ([x, table, targets]) => evaluateRows(x, table, targets),
  forms: ['fused', 'standard'],
  onnx: (node, emit, form) => writeTied(node, emit, form === 'standard'),
}

export const TIED_CROSS_ENTROPY: readonly Operator[] = [tiedCrossEntropyOperator]

function evaluateRows(x: Tensor, table: Tensor, targets: Tensor): Float64Array[] {
  const [classes, width] = table.shape
  const rows = targets.data.length
  const losses = new Float64Array(rows)
  const probabilities = new Float64Array(rows * classes)
  for (let row = 0; row < rows; row++) {
    const logits = Float64Array.from({ length: classes }, (_, c) => {
      let product = 0
      for (let j = 0; j < width; j++) product += x.data[row * width + j] * table.data[c * width + j]
      return product
    })
    const largest = logits.reduce((a, b) => Math.max(a, b))
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0)
    const logSum = largest + Math.log(sum)
    losses[row] = logSum - logits[targets.data[row]]
    for (let c = 0; c < classes; c++)
      probabilities[row * classes + c] = Math.exp(logits[c] - logSum)
  }
  return [losses, probabilities]
}

function writeTied(node: Node<NoAttributes>, emit: OnnxEmitter, standard: boolean): void {
  const [x, table, targets] = node.inputs.map((input) => emit.name(input))
  const [loss, probabilities] = node.outputs.map((output) => emit.name(output))
  const rows = node.inputs[0].shape[0]
  const logits = standard
    ? emit.temporary('MatMul', [
        x,
        emit.temporary('Transpose', [table], { attributes: { perm: ints([1, 0]) } }),
      ])
    : emit.temporary('FusedMatMul', [x, table], {
        attributes: { transB: int(1) },
        domain: MICROSOFT,
      })
  emit.node('Softmax', [logits], [probabilities], { attributes: { axis: int(-1) } })
  const column = emit.temporary('Reshape', [targets, emit.constant('int64', [2], [rows, 1])])
  const chosen = emit.temporary('GatherElements', [probabilities, column], {
    attributes: { axis: int(1) },
  })
  const counted = emit.temporary('Max', [chosen, emit.constant('float32', [], [SMALLEST])])
  const negated = emit.temporary('Neg', [emit.temporary('Log', [counted])])
  emit.node('Reshape', [negated, emit.constant('int64', [1], [rows])], [loss])
}

/**
 * −log softmax(x tableᵀ)[target] of each row, in nats: the loss of a model whose output matrix is its embedding. In
 * single precision a loss is at most 85 (probabilities below 1e-37 count as that), and NaN stays NaN.
 * @param x (rows × width) @param table (classes × width) @param targets (rows) integers, 0 to classes − 1
 * @returns (rows)
 */
export function tiedCrossEntropy(x: Value, table: Value, targets: Value): Value {
  return x.graph.apply(tiedCrossEntropyOperator, [x, table, targets], {})[0]
}
