import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import type { ModelConfig } from '../../types.js'
import type { Tf } from './backend.js'

/** Parameters by their names in `parameterLayout`. */
export type Parameters = Readonly<Record<string, Tensor>>

/** Added to the mean square before the root. */
const NORM_EPSILON = 1e-5
const ROTARY_BASE = 10_000
/** Stands for −∞ in masked scores: its exponential is 0 in single precision. */
const MASKED = -1e9

/**
 * The transformer of `training/model`, written once more in TensorFlow.js operations.
 * @param tokens (n × length) ids, length ≤ context
 * @returns (n · length × width) the residual stream after the last norm
 */
export function hiddenStates(
  tf: Tf,
  model: ModelConfig,
  parameters: Parameters,
  tokens: Tensor2D,
): Tensor2D {
  const [rows, length] = tokens.shape
  const ids: Tensor1D = tf.reshape(tokens, [rows * length])
  let x: Tensor2D = tf.gather(parameters.embedding as Tensor2D, ids)
  if (model.positions === 'learned') x = addPositions(tf, x, parameters, [rows, length])
  for (let layer = 0; layer < model.layers; layer++) {
    const at = (name: string) => parameters[`layers.${layer}.${name}`]
    const normed = rmsNorm(tf, x, at('attention.norm'))
    x = tf.add(x, attention(tf, model, normed, at, [rows, length]))
    x = tf.add(x, feedForward(tf, model, rmsNorm(tf, x, at('feedForward.norm')), at))
  }
  return rmsNorm(tf, x, parameters.norm)
}

type LayerParameters = (name: string) => Tensor

/** @returns (n · length × vocabulary) */
export function logits(tf: Tf, parameters: Parameters, hidden: Tensor2D): Tensor2D {
  return tf.matMul(hidden, parameters.embedding as Tensor2D, false, true)
}

/** @param targets (n · length) ids @returns (n · length) nats per token */
export function tokenLosses(tf: Tf, scores: Tensor2D, targets: Tensor1D): Tensor1D {
  const chosen = tf.cast(tf.oneHot(targets, scores.shape[1]), 'float32')
  return tf.neg(tf.sum<Tensor1D>(tf.mul(tf.logSoftmax(scores), chosen), 1))
}

function addPositions(
  tf: Tf,
  x: Tensor2D,
  parameters: Parameters,
  [rows, length]: [number, number],
): Tensor2D {
  const width = x.shape[1]
  const positions = tf.slice(parameters.positions, [0, 0], [length, width])
  return tf.reshape(tf.add(tf.reshape(x, [rows, length, width]), positions), x.shape)
}

function rmsNorm(tf: Tf, x: Tensor2D, gain: Tensor): Tensor2D {
  const meanSquare = tf.mean(tf.square(x), 1, true)
  return tf.mul(tf.mul(x, tf.rsqrt(tf.add(meanSquare, NORM_EPSILON))), gain)
}

function attention(
  tf: Tf,
  { width, heads, positions }: ModelConfig,
  x: Tensor2D,
  at: LayerParameters,
  [rows, length]: [number, number],
): Tensor2D {
  const size = width / heads
  const [q, k, v] = tf
    .split(tf.matMul(x, at('attention.qkv')), 3, 1)
    .map((part) => tf.transpose(tf.reshape(part, [rows, length, heads, size]), [0, 2, 1, 3]))
  const turned = positions === 'rotary' ? [q, k].map((part) => rotate(tf, part)) : [q, k]
  const scores = tf.div(tf.matMul(turned[0], turned[1], false, true), Math.sqrt(size))
  const weights = tf.softmax(tf.add(scores, causalMask(tf, length)))
  const mixed = tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3])
  return tf.matMul(tf.reshape(mixed, [rows * length, width]), at('attention.output'))
}

/** (length × length): 0 where the column is no later than the row. */
function causalMask(tf: Tf, length: number): Tensor2D {
  const values = Float32Array.from({ length: length * length }, (_, i) =>
    i % length <= Math.floor(i / length) ? 0 : MASKED,
  )
  return tf.tensor2d(values, [length, length])
}

/** Rotary positions (Su et al. 2021): dimension j turns with j + size / 2 by position · base^(−2j / size). */
function rotate(tf: Tf, x: Tensor): Tensor {
  const [, , length, size] = x.shape
  const half = size / 2
  const angles = Float64Array.from({ length: length * half }, (_, i) => {
    const position = Math.floor(i / half)
    return position * ROTARY_BASE ** ((-2 * (i % half)) / size)
  })
  const cosines = tf.tensor2d(Float32Array.from(angles, Math.cos), [length, half])
  const sines = tf.tensor2d(Float32Array.from(angles, Math.sin), [length, half])
  const [first, second] = tf.split(x, 2, 3)
  const turnedFirst = tf.sub(tf.mul(first, cosines), tf.mul(second, sines))
  const turnedSecond = tf.add(tf.mul(second, cosines), tf.mul(first, sines))
  return tf.concat([turnedFirst, turnedSecond], 3)
}

function feedForward(
  tf: Tf,
  { activation }: ModelConfig,
  x: Tensor2D,
  at: LayerParameters,
): Tensor2D {
  const up = tf.matMul(x, at('feedForward.up'))
  const active = activation === 'gelu' ? gelu(tf, up) : gated(tf, x, at, up)
  return tf.matMul(active, at('feedForward.down'))
}

/** SwiGLU (Shazeer 2020): SiLU(x · gate) ∘ up. */
function gated(tf: Tf, x: Tensor2D, at: LayerParameters, up: Tensor): Tensor {
  const gate = tf.matMul(x, at('feedForward.gate'))
  return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up)
}

/** tanh form (Hendrycks & Gimpel 2016). */
function gelu(tf: Tf, x: Tensor): Tensor {
  const cube = tf.mul(x, tf.square(x))
  const inner = tf.mul(tf.add(x, tf.mul(cube, 0.044715)), Math.sqrt(2 / Math.PI))
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1))
}
