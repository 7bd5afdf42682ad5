import { GraphError } from '../graph-error.js'
import { float, int, ints, MICROSOFT, type OnnxEmitter } from '../onnx/emitter.js'
import { describeShape, elementCount, sameShape } from '../shapes.js'
import type { Node, Operator, Tensor, Value } from '../types.js'
import { multiply, subtract } from './arithmetic.js'
import { FLOAT, requireType } from './dtypes.js'
import { matmul } from './matmul.js'
import { lastTwoExchanged } from './movement.js'
import { reduceSum } from './reductions.js'

type ScaleAttribute = { readonly scale: number }

/** Opset from which the standard has attention as one operator. */
const ATTENTION_OPSET = 23
/** Which product Attention gives away: the one after the softmax. */
const PROBABILITIES = 3
/** Stands for −∞, finite so that no engine meets ∞ − ∞. */
const FORBIDDEN = -1e30

/**
 * Outputs the result and the probabilities (batch × heads × tokens × tokens), which the gradient uses again.
 * ONNX forms: `fused` is the standard's Attention, which needs no pass for the mask; `composed` are its parts with ONNX
 * Runtime's FusedMatMul; `standard` are its parts in operators of every device.
 */
const causalAttentionOperator: Operator<ScaleAttribute> = {
  name: 'causalAttention',
  infer: ([q, k, v]) => {
    for (const input of [q, k, v]) {
      requireType(input, FLOAT)
      if (input.shape.length !== 4 || !sameShape(input.shape, q.shape)) {
        throw new GraphError(
          `it needs three tensors [batch, heads, tokens, size], not ${describeShape(input.shape)}`,
        )
      }
    }
    const tokens = q.shape[2]
    return [
      { dtype: 'float32', shape: q.shape },
      { dtype: 'float32', shape: [...q.shape.slice(0, 3), tokens] },
    ]
  },
  gradient: ({ inputs: [q, k, v], outputs: [y, probabilities], attributes: { scale } }, [g]) => {
    if (!g) return []
    // Σ p ∘ dp over a row equals g · y, which is smaller by tokens / size (Dao et al. 2022).
    const projection = reduceSum(multiply(g, y), -1, { keepDims: true })
    const change = subtract(matmul(g, v, { transB: true }), projection)
    const ofScores = multiply(probabilities, change)
    return [
      matmul(ofScores, k, { alpha: scale }),
      matmul(ofScores, q, { transA: true, alpha: scale }),
      matmul(probabilities, g, { transA: true }),
    ]
  },
  evaluate: ([q, k, v], { scale }) => evaluateAttention(q, k, v, scale),
  forms: ['fused', 'composed', 'standard'],
  onnx: (node, emit, form) => {
    if (form === 'fused' && emit.opset >= ATTENTION_OPSET) writeFused(node, emit)
    else writeComposed(node, emit, form === 'standard')
  },
}

export const ATTENTION: readonly Operator[] = [causalAttentionOperator]

function evaluateAttention(q: Tensor, k: Tensor, v: Tensor, scale: number): Float64Array[] {
  const [tokens, size] = q.shape.slice(2)
  const rows = elementCount(q.shape) / size
  const probabilities = new Float64Array(rows * tokens)
  const y = new Float64Array(rows * size)
  for (let row = 0; row < rows; row++) {
    const first = row - (row % tokens)
    const allowed = (row % tokens) + 1
    const weights = Float64Array.from({ length: allowed }, (_, j) => {
      let product = 0
      for (let c = 0; c < size; c++)
        product += q.data[row * size + c] * k.data[(first + j) * size + c]
      return scale * product
    })
    const largest = weights.reduce((a, b) => Math.max(a, b))
    const exponentials = weights.map((weight) => Math.exp(weight - largest))
    const sum = exponentials.reduce((a, b) => a + b)
    for (let j = 0; j < allowed; j++) {
      const probability = exponentials[j] / sum
      probabilities[row * tokens + j] = probability
      for (let c = 0; c < size; c++)
        y[row * size + c] += probability * v.data[(first + j) * size + c]
    }
  }
  return [y, probabilities]
}

function writeFused(node: Node<ScaleAttribute>, emit: OnnxEmitter): void {
  const [y, probabilities] = node.outputs.map((output) => emit.name(output))
  emit.node(
    'Attention',
    node.inputs.map((input) => emit.name(input)),
    [y, '', '', probabilities],
    {
      attributes: {
        is_causal: int(1),
        qk_matmul_output_mode: int(PROBABILITIES),
        scale: float(node.attributes.scale),
      },
    },
  )
}

function writeComposed(node: Node<ScaleAttribute>, emit: OnnxEmitter, standard: boolean): void {
  const [q, k, v] = node.inputs.map((input) => emit.name(input))
  const [y, probabilities] = node.outputs.map((output) => emit.name(output))
  const product = standard ? standardScores(node, emit, q, k) : fusedScores(node, emit, q, k)
  const masked = emit.temporary('Add', [product, maskConstant(node, emit)])
  emit.node('Softmax', [masked], [probabilities], { attributes: { axis: int(-1) } })
  emit.node('MatMul', [probabilities, v], [y])
}

function fusedScores(node: Node<ScaleAttribute>, emit: OnnxEmitter, q: string, k: string): string {
  return emit.temporary('FusedMatMul', [q, k], {
    attributes: { transB: int(1), alpha: float(node.attributes.scale) },
    domain: MICROSOFT,
  })
}

function standardScores(
  node: Node<ScaleAttribute>,
  emit: OnnxEmitter,
  q: string,
  k: string,
): string {
  const transposed = emit.temporary('Transpose', [k], {
    attributes: { perm: ints(lastTwoExchanged(4)) },
  })
  const scaled = emit.temporary('Mul', [q, emit.constant('float32', [], [node.attributes.scale])])
  return emit.temporary('MatMul', [scaled, transposed])
}

function maskConstant(node: Node<ScaleAttribute>, emit: OnnxEmitter): string {
  const tokens = node.inputs[0].shape[2]
  const mask = new Float64Array(tokens * tokens)
  for (let row = 0; row < tokens; row++) {
    mask.fill(FORBIDDEN, row * tokens + row + 1, (row + 1) * tokens)
  }
  return emit.constant('float32', [tokens, tokens], mask)
}

/**
 * softmax(scale · q kᵀ) v, where a token sees itself and those before it.
 * @param q (batch × heads × tokens × size), as are k, v and the result
 */
export function causalAttention(q: Value, k: Value, v: Value, scale: number): Value {
  return q.graph.apply(causalAttentionOperator, [q, k, v], { scale })[0]
}
