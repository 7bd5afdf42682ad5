import { float, type OnnxEmitter } from '../onnx/emitter.js'
import type { NoAttributes, Node, Operator, Value } from '../types.js'
import { multiply } from './arithmetic.js'
import { FLOAT, requireType } from './dtypes.js'

/** ½ (1 + tanh w) = sigmoid 2w, so the tanh form of GELU is x · sigmoid(x (LINEAR + CUBIC x²)). */
const LINEAR = 2 * Math.sqrt(2 / Math.PI)
const CUBIC = LINEAR * 0.044715

/**
 * What x is multiplied by beforehand, where it costs nothing: in the product it comes from. It makes the polynomials of
 * z = GELU_SCALE · x below lie between 0 and 1, so that HardSigmoid computes them in one pass; they only saturate where
 * |x| > 34 and the sigmoid is 0 or 1.
 */
export const GELU_SCALE = 256
const OFFSET = LINEAR / GELU_SCALE
const SLOPE = CUBIC / GELU_SCALE ** 3

/**
 * Outputs GELU_SCALE · gelu(x) and its derivative by z: computed here, while everything it takes is at hand, it makes
 * the gradient a single product. Without a gradient the engine leaves it out.
 */
const scaledGeluOperator: Operator<NoAttributes> = {
  name: 'scaledGelu',
  infer: ([z]) => [requireType(z, FLOAT), z],
  gradient: ({ outputs: [, derivative] }, [g]) => [g && multiply(g, derivative)],
  evaluate: ([z]) => {
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v * (OFFSET + SLOPE * v * v)))
    const derivative = (v: number) => {
      const s = sigmoid(v)
      return s + v * s * (1 - s) * (OFFSET + 3 * SLOPE * v * v)
    }
    return [z.data.map((v) => v * sigmoid(v)), z.data.map(derivative)]
  },
  onnx: writeScaledGelu,
}

export const SCALED_GELU: readonly Operator[] = [scaledGeluOperator]

function writeScaledGelu(node: Node<NoAttributes>, emit: OnnxEmitter): void {
  const z = emit.name(node.inputs[0])
  const [y, derivative] = node.outputs.map((output) => emit.name(output))
  const square = emit.temporary('Mul', [z, z])
  const polynomial = emit.temporary('HardSigmoid', [square], linear(SLOPE))
  const sigmoid = emit.temporary('Sigmoid', [emit.temporary('Mul', [z, polynomial])])
  emit.node('Mul', [z, sigmoid], [y])
  // d(z s)/dz = s + z s (1 − s) (OFFSET + 3 SLOPE z²), and z s is y.
  const inner = emit.temporary('HardSigmoid', [square], linear(3 * SLOPE))
  const rest = emit.temporary('Sub', [emit.constant('float32', [], [1]), sigmoid])
  const bend = emit.temporary('Mul', [emit.temporary('Mul', [y, inner]), rest])
  emit.node('Add', [sigmoid, bend], [derivative])
}

/** HardSigmoid is max(0, min(1, alpha · q + beta)). */
function linear(slope: number) {
  return { attributes: { alpha: float(slope), beta: float(OFFSET) } }
}

/**
 * GELU_SCALE · gelu(z / GELU_SCALE), in its tanh form, in fewer passes than `gelu` and its gradient take.
 * @param z GELU_SCALE · x, of any shape
 */
export function scaledGelu(z: Value): Value {
  return z.graph.apply(scaledGeluOperator, [z], {})[0]
}
