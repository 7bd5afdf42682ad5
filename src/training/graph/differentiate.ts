import { liveNodes } from './graph.js'
import { GraphError } from './graph-error.js'
import { add } from './operators/arithmetic.js'
import { zeros } from './operators/movement.js'
import { describeType, elementCount, sameShape } from './shapes.js'
import type { Node, Value } from './types.js'

/**
 * Reverse-mode differentiation: appends to the graph the gradients of `output` with respect to each value of `wrt`
 * (of its shape; zeros where the output does not depend on it).
 * @param output float32; of one element unless `seed` is given
 * @param seed gradient of what is wanted with respect to `output`, of its shape (default 1)
 */
export function differentiate(output: Value, wrt: readonly Value[], seed?: Value): Value[] {
  check(output, wrt, seed)
  const nodes = liveNodes([output])
  const dependent = dependentValues(nodes, wrt)
  const gradients = new Map<Value, Value>()
  const graph = output.graph
  gradients.set(output, seed ?? graph.constant('float32', output.shape, [1]))
  for (const node of nodes.reverse()) {
    if (!node.inputs.some((input) => dependent.has(input))) continue
    const outputGradients = node.outputs.map((value) => gradients.get(value))
    if (outputGradients.every((gradient) => gradient === undefined)) continue
    for (const [i, gradient] of inputGradients(node, outputGradients).entries()) {
      const input = node.inputs[i]
      if (gradient === undefined || !dependent.has(input)) continue
      const total = gradients.get(input)
      gradients.set(input, total ? sum(total, gradient) : gradient)
    }
  }
  return wrt.map((value) => gradients.get(value) ?? zeros(graph, value.shape))
}

function check(output: Value, wrt: readonly Value[], seed: Value | undefined): void {
  for (const value of [output, ...wrt]) {
    if (value.dtype !== 'float32') {
      throw new GraphError(
        `differentiate: ${describeType(value)} has no gradient, only float32 has`,
      )
    }
  }
  if (seed === undefined && elementCount(output.shape) !== 1) {
    throw new GraphError(
      `differentiate: ${describeType(output)} has more than one element, so it needs a seed of its shape`,
    )
  }
  if (seed && !sameShape(seed.shape, output.shape)) {
    throw new GraphError(
      `differentiate: the seed is ${describeType(seed)}, the output ${describeType(output)}`,
    )
  }
}

/** Float values that change when one of `wrt` does. */
function dependentValues(nodes: readonly Node[], wrt: readonly Value[]): Set<Value> {
  const dependent = new Set(wrt)
  for (const node of nodes) {
    if (!node.inputs.some((input) => dependent.has(input))) continue
    for (const value of node.outputs) if (value.dtype === 'float32') dependent.add(value)
  }
  return dependent
}

function inputGradients(
  node: Node,
  outputGradients: readonly (Value | undefined)[],
): readonly (Value | undefined)[] {
  if (!node.operator.gradient) {
    const inputs = node.inputs.map(describeType).join(', ')
    throw new GraphError(`differentiate: ${node.operator.name}(${inputs}) has no derivative`)
  }
  return node.operator.gradient(node, outputGradients)
}

function sum(total: Value, gradient: Value): Value {
  return addInto(gradient, total) ?? addInto(total, gradient) ?? add(total, gradient)
}

function addInto(gradient: Value, total: Value): Value | undefined {
  if (gradient.source.kind !== 'node') return undefined
  const { node } = gradient.source
  return node.operator.addTo?.(node, total)
}
