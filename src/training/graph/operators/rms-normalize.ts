import { GraphError } from '../graph-error.js'
import { float, int, type OnnxEmitter } from '../onnx/emitter.js'
import { withSize } from '../shapes.js'
import type { Node, Operator, Value } from '../types.js'
import { multiply, subtract } from './arithmetic.js'
import { FLOAT, requireType } from './dtypes.js'
import { reduceMean } from './reductions.js'

type EpsilonAttribute = { readonly epsilon: number }

/**
 * Outputs the normalised rows and the reciprocal root mean square of each, both used again by the gradient.
 * ONNX forms: `fused` is ONNX Runtime's own operator; `standard` uses none outside of the standard.
 */
const rmsNormalizeOperator: Operator<EpsilonAttribute> = {
  name: 'rmsNormalize',
  infer: ([x]) => {
    requireType(x, FLOAT)
    if (x.shape.length === 0) throw new GraphError('a scalar has no last axis')
    return [x, { dtype: 'float32', shape: withSize(x.shape, x.shape.length - 1, 1) }]
  },
  gradient: ({ outputs: [y, scale] }, [g]) => {
    if (!g) return []
    const projection = reduceMean(multiply(g, y), -1, { keepDims: true })
    return [multiply(subtract(g, multiply(y, projection)), scale)]
  },
  evaluate: ([x], { epsilon }) => {
    const size = x.shape[x.shape.length - 1]
    const scales = Float64Array.from({ length: x.data.length / size }, (_, row) => {
      let squares = 0
      for (let j = 0; j < size; j++) squares += x.data[row * size + j] ** 2
      return 1 / Math.sqrt(squares / size + epsilon)
    })
    return [Float64Array.from(x.data, (v, i) => v * scales[Math.floor(i / size)]), scales]
  },
  forms: ['fused', 'standard'],
  onnx: (node, emit, form) => {
    if (form === 'standard') writeStandard(node, emit)
    else writeFused(node, emit)
  },
}

export const RMS_NORMALIZE: readonly Operator[] = [rmsNormalizeOperator]

function writeFused(node: Node<EpsilonAttribute>, emit: OnnxEmitter): void {
  const [x] = node.inputs
  const size = x.shape[x.shape.length - 1]
  const ones = emit.constant('float32', [size], new Float64Array(size).fill(1))
  emit.node(
    'SimplifiedLayerNormalization',
    [emit.name(x), ones],
    node.outputs.map((output) => emit.name(output)),
    { attributes: { axis: int(-1), epsilon: float(node.attributes.epsilon) } },
  )
}

function writeStandard(node: Node<EpsilonAttribute>, emit: OnnxEmitter): void {
  const x = emit.name(node.inputs[0])
  const [y, scale] = node.outputs.map((output) => emit.name(output))
  const mean = emit.temporary('ReduceMean', [
    emit.temporary('Mul', [x, x]),
    emit.constant('int64', [1], [-1]),
  ])
  const shifted = emit.temporary('Add', [
    mean,
    emit.constant('float32', [], [node.attributes.epsilon]),
  ])
  emit.node('Reciprocal', [emit.temporary('Sqrt', [shifted])], [scale])
  emit.node('Mul', [x, scale], [y])
}

/**
 * x divided by its root mean square over the last axis, without a gain: a gain that is multiplied into the matrix that
 * follows costs less than one that is multiplied into every row.
 * @param epsilon added to the mean square
 */
export function rmsNormalize(x: Value, epsilon = 1e-5): Value {
  return x.graph.apply(rmsNormalizeOperator, [x], { epsilon })[0]
}
