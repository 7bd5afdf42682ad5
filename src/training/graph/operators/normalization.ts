import { GraphError } from '../graph-error.js'
import { float, int, type OnnxEmitter } from '../onnx/emitter.js'
import { describeShape, withSize } from '../shapes.js'
import type { Node, Operator, Value } from '../types.js'
import { add, multiply, subtract } from './arithmetic.js'
import { FLOAT, requireType } from './dtypes.js'
import { reduceMean, sumTo } from './reductions.js'

type EpsilonAttribute = { readonly epsilon: number }

/**
 * Outputs y and the reciprocal root mean square of each row, which the gradient uses again.
 * ONNX forms: `fused` is ONNX Runtime's own operator; `standard` uses none outside of the standard.
 */
const rmsNormOperator: Operator<EpsilonAttribute> = {
  name: 'rmsNorm',
  infer: ([x, gain]) => {
    requireType(x, FLOAT)
    requireType(gain, FLOAT)
    const size = x.shape[x.shape.length - 1]
    if (gain.shape.length !== 1 || gain.shape[0] !== size) {
      throw new GraphError(`the gain must be ${describeShape([size])}`)
    }
    return [
      { dtype: 'float32', shape: x.shape },
      { dtype: 'float32', shape: withSize(x.shape, x.shape.length - 1, 1) },
    ]
  },
  gradient: ({ inputs: [x, gain], outputs: [, scale] }, [ofY, ofScale]) => {
    const normalized = multiply(x, scale)
    const parts: Value[] = []
    if (ofY) {
      const g = multiply(ofY, gain)
      const projection = reduceMean(multiply(g, normalized), -1, { keepDims: true })
      parts.push(multiply(subtract(g, multiply(normalized, projection)), scale))
    }
    if (ofScale) {
      // d scale / d x = −scale³ x / n = −scale² normalized / n
      const size = x.shape[x.shape.length - 1]
      const factor = multiply(multiply(ofScale, multiply(scale, scale)), -1 / size)
      parts.push(multiply(normalized, factor))
    }
    return [parts.reduce(add), ofY && sumTo(multiply(ofY, normalized), gain.shape)]
  },
  evaluate: ([x, gain], { epsilon }) => {
    const size = gain.data.length
    const scales = Float64Array.from({ length: x.data.length / size }, (_, row) => {
      let squares = 0
      for (let j = 0; j < size; j++) squares += x.data[row * size + j] ** 2
      return 1 / Math.sqrt(squares / size + epsilon)
    })
    const y = Float64Array.from(
      x.data,
      (element, i) => element * scales[Math.floor(i / size)] * gain.data[i % size],
    )
    return [y, scales]
  },
  forms: ['fused', 'standard'],
  onnx: (node, emit, form) => {
    if (form === 'standard') writeStandard(node, emit)
    else writeFused(node, emit)
  },
}

export const NORMALIZATION: readonly Operator[] = [rmsNormOperator]

function writeFused(node: Node<EpsilonAttribute>, emit: OnnxEmitter): void {
  const [y, scale] = node.outputs.map((output) => emit.name(output))
  emit.node(
    'SimplifiedLayerNormalization',
    node.inputs.map((input) => emit.name(input)),
    [y, scale],
    { attributes: { axis: int(-1), epsilon: float(node.attributes.epsilon) } },
  )
}

function writeStandard(node: Node<EpsilonAttribute>, emit: OnnxEmitter): void {
  const [x, gain] = node.inputs.map((input) => emit.name(input))
  const [y, scale] = node.outputs.map((output) => emit.name(output))
  const squares = emit.temporary('Mul', [x, x])
  const mean = emit.temporary('ReduceMean', [squares, emit.constant('int64', [1], [-1])])
  const shifted = emit.temporary('Add', [
    mean,
    emit.constant('float32', [], [node.attributes.epsilon]),
  ])
  emit.node('Reciprocal', [emit.temporary('Sqrt', [shifted])], [scale])
  emit.node('Mul', [emit.temporary('Mul', [x, scale]), gain], [y])
}

/**
 * x divided by its root mean square over the last axis, times a gain (Zhang & Sennrich 2019).
 * @param gain (size of the last axis) @param epsilon added to the mean square
 */
export function rmsNorm(x: Value, gain: Value, epsilon = 1e-5): Value {
  return x.graph.apply(rmsNormOperator, [x, gain], { epsilon })[0]
}
