import { float, MICROSOFT, type OnnxEmitter, string } from '../onnx/emitter.js'
import type { NoAttributes, Node, Operator, Value } from '../types.js'
import { add, multiply, square, subtract } from './arithmetic.js'
import { FLOAT, requireType } from './dtypes.js'
import { sigmoid } from './unary.js'

/** ½ (1 + tanh z) = sigmoid 2z, so the tanh form of GELU is x · sigmoid(x (LINEAR + CUBIC x²)). */
const LINEAR = 2 * Math.sqrt(2 / Math.PI)
const CUBIC = LINEAR * 0.044715

/**
 * Inputs are x and its gate, sigmoid(x (LINEAR + CUBIC x²)), so that the gradient can use the gate again. The gradient
 * of x holds what comes through the gate, which has none of its own.
 * ONNX forms: `gated` is their product; `fused` is the standard's Gelu, for models that only run forward.
 */
const geluOperator: Operator<NoAttributes> = {
  name: 'gelu',
  infer: ([x]) => [requireType(x, FLOAT)],
  gradient: ({ inputs: [x, gate], outputs: [y] }, [g]) => {
    const slope = add(multiply(square(x), 3 * CUBIC), LINEAR)
    return [g && multiply(g, add(gate, multiply(subtract(y, multiply(y, gate)), slope)))]
  },
  evaluate: ([x, gate]) => [x.data.map((v, i) => v * gate.data[i])],
  forms: ['gated', 'fused'],
  onnx: (node, emit, form) => {
    if (form === 'gated') emit.direct(node, 'Mul')
    else {
      const attributes = { approximate: string('tanh') }
      emit.node('Gelu', [emit.name(node.inputs[0])], [emit.name(node.outputs[0])], { attributes })
    }
  },
}

/** ONNX forms: `fused` is ONNX Runtime's QuickGelu with a factor of 1; `standard` uses none outside of the standard. */
const siluOperator: Operator<NoAttributes> = {
  name: 'silu',
  infer: ([x]) => [requireType(x, FLOAT)],
  gradient: ({ inputs: [x], outputs: [y] }, [g]) => {
    const s = sigmoid(x)
    return [g && multiply(g, add(s, multiply(y, subtract(1, s))))]
  },
  evaluate: ([x]) => [x.data.map((v) => v / (1 + Math.exp(-v)))],
  forms: ['fused', 'standard'],
  onnx: (node, emit, form) => {
    if (form === 'standard') writeSilu(node, emit)
    else emit.direct(node, 'QuickGelu', { attributes: { alpha: float(1) }, domain: MICROSOFT })
  },
}

export const ACTIVATIONS: readonly Operator[] = [geluOperator, siluOperator]

function writeSilu(node: Node<NoAttributes>, emit: OnnxEmitter): void {
  const x = emit.name(node.inputs[0])
  emit.node('Mul', [x, emit.temporary('Sigmoid', [x])], [emit.name(node.outputs[0])])
}

/** x Φ(x) by the tanh approximation (Hendrycks & Gimpel 2016): ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))). */
export function gelu(x: Value): Value {
  const gate = sigmoid(multiply(x, add(multiply(square(x), CUBIC), LINEAR)))
  return x.graph.apply(geluOperator, [x, gate], {})[0]
}

/** x sigmoid(x) */
export function silu(x: Value): Value {
  return x.graph.apply(siluOperator, [x], {})[0]
}
