import { liveLeaves, liveNodes } from './graph.js'
import { GraphError } from './graph-error.js'
import { describeType, elementCount } from './shapes.js'
import type { Node, Tensor, TensorData, Value } from './types.js'

/**
 * The reference: computes values of a graph in double precision with plain loops. For tests and for small graphs; an
 * ONNX engine is thousands of times faster.
 * @param feeds input name → elements in row-major order; names the outputs do not need are ignored
 */
export function evaluateGraph(
  outputs: readonly Value[],
  feeds: Readonly<Record<string, ArrayLike<number>>>,
): Tensor[] {
  const tensors = new Map<Value, Tensor>()
  for (const leaf of liveLeaves(outputs)) tensors.set(leaf, leafTensor(leaf, feeds))
  for (const node of liveNodes(outputs)) evaluateNode(node, tensors)
  return outputs.map((value) => tensors.get(value) as Tensor)
}

function leafTensor(leaf: Value, feeds: Readonly<Record<string, ArrayLike<number>>>): Tensor {
  const { dtype, shape, source } = leaf
  const given = source.kind === 'constant' ? source.data : feeds[inputName(leaf)]
  if (given === undefined) {
    throw new GraphError(`evaluate: input "${inputName(leaf)}" of ${describeType(leaf)} is missing`)
  }
  if (given.length !== elementCount(shape)) {
    throw new GraphError(
      `evaluate: input "${inputName(leaf)}" of ${describeType(leaf)} got ${given.length} elements`,
    )
  }
  const data: TensorData = dtype === 'float32' ? Float64Array.from(given) : Int32Array.from(given)
  return { dtype, shape, data }
}

function inputName(leaf: Value): string {
  return leaf.source.kind === 'input' ? leaf.source.name : ''
}

function evaluateNode(node: Node, tensors: Map<Value, Tensor>): void {
  const inputs = node.inputs.map((input) => tensors.get(input) as Tensor)
  const results = node.operator.evaluate(inputs, node.attributes, node.outputs)
  for (const [index, value] of node.outputs.entries()) {
    tensors.set(value, { dtype: value.dtype, shape: value.shape, data: results[index] })
  }
}
