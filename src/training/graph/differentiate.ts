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
  const one = seed ?? output.graph.constant('float32', output.shape, [1])
  const gradients = backpropagate(new Map([[output, one]]), wrt)
  return wrt.map((value) => gradients.get(value) ?? zeros(output.graph, value.shape))
}

/** Values and the gradient of what is wanted with respect to each. */
export type Gradients = ReadonlyMap<Value, Value>

/**
 * The same from the gradients of several values at once, so that what they have in common is passed once, and from
 * gradients that are known already, so that what is added can be part of the products that make the rest.
 * @param from gradients of outputs, each of its output's shape
 * @param known gradients of values of `wrt` that others gave, to be added to
 * @returns gradients of those values of `wrt` that have any
 */
export function backpropagate(
  from: Gradients,
  wrt: readonly Value[],
  known: Gradients = new Map(),
): Gradients {
  const nodes = liveNodes([...from.keys()])
  const dependent = dependentValues(nodes, wrt)
  const gradients = new Map(known)
  for (const [output, seed] of from) accumulate(gradients, output, seed)
  for (const node of nodes.reverse()) {
    if (!node.inputs.some((input) => dependent.has(input))) continue
    const outputGradients = node.outputs.map((value) => gradients.get(value))
    if (outputGradients.every((gradient) => gradient === undefined)) continue
    for (const [i, gradient] of inputGradients(node, outputGradients).entries()) {
      const input = node.inputs[i]
      if (gradient && dependent.has(input)) accumulate(gradients, input, gradient)
    }
  }
  return new Map([...gradients].filter(([value]) => wrt.includes(value)))
}

function accumulate(gradients: Map<Value, Value>, value: Value, gradient: Value): void {
  const total = gradients.get(value)
  gradients.set(value, total ? sum(total, gradient) : gradient)
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
