import { int, type OnnxEmitter } from '../onnx/emitter.js'
import { DATA_TYPES } from '../onnx/model-proto.js'
import type { NoAttributes, Node, Operator, Value } from '../types.js'

/**
 * ONNX has no dependency without data: x is joined with nothing of each of the others, a slice without elements. An
 * engine computes that after them, and no number changes.
 */
const afterOperator: Operator<NoAttributes> = {
  name: 'after',
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient: (_, [g]) => [g],
  evaluate: ([x]) => [x.data.slice()],
  onnx: (node, emit) => {
    const [x, ...others] = node.inputs
    const flat = emit.temporary('Reshape', [emit.name(x), emit.constant('int64', [1], [-1])])
    const nothings = others.map((other) => writeNothing(other, node, emit))
    const joined = emit.temporary('Concat', [flat, ...nothings], { attributes: { axis: int(0) } })
    const shape = emit.constant('int64', [x.shape.length], x.shape)
    emit.node('Reshape', [joined, shape], [emit.name(node.outputs[0])])
  },
}

export const ORDERING: readonly Operator[] = [afterOperator]

/** A vector of no elements of x's type that takes the other value to compute. */
function writeNothing(
  other: Value,
  { inputs: [x] }: Node<NoAttributes>,
  emit: OnnxEmitter,
): string {
  const all = emit.temporary('Reshape', [emit.name(other), emit.constant('int64', [1], [-1])])
  const none = emit.constant('int64', [1], [0])
  const slice = emit.temporary('Slice', [all, none, none])
  if (other.dtype === x.dtype) return slice
  return emit.temporary('Cast', [slice], { attributes: { to: int(DATA_TYPES[x.dtype]) } })
}

/** x, computed after the others: what they took is then no longer in memory. */
export function after(x: Value, others: readonly Value[]): Value {
  return others.length === 0 ? x : x.graph.apply(afterOperator, [x, ...others], {})[0]
}
