import {
  add,
  causalMask,
  crossEntropy,
  gatherRows,
  gelu,
  matmul,
  multiply,
  reduceMean,
  reshape,
  rmsNorm,
  rotaryEmbedding,
  silu,
  slice,
  softmax,
  split,
  transpose,
  type Value,
} from '../graph/index.js'
import type { ModelConfig } from '../types.js'

export type Parameters = (name: string) => Value

export function hiddenStates(config: ModelConfig, parameter: Parameters, tokens: Value): Value {
  const [batch, length] = tokens.shape
  const { width } = config
  let x = gatherRows(parameter('embedding'), tokens)
  if (config.positions === 'learned') x = add(x, slice(parameter('positions'), 0, 0, length))
  x = reshape(x, [batch * length, width])
  for (let layer = 0; layer < config.layers; layer++) {
    x = add(x, attention(config, layer, parameter, x, batch))
    x = add(x, feedForward(config, layer, parameter, x))
  }
  return rmsNorm(x, parameter('norm'))
}

function attention(
  config: ModelConfig,
  layer: number,
  parameter: Parameters,
  x: Value,
  batch: number,
): Value {
  const { heads, width } = config
  const size = width / heads
  const length = x.shape[0] / batch
  const normalized = rmsNorm(x, parameter(`layers.${layer}.attention.norm`))
  const qkv = reshape(matmul(normalized, parameter(`layers.${layer}.attention.qkv`)), [
    batch,
    length,
    3,
    heads,
    size,
  ])
  let [q, k, v] = split(transpose(qkv, [2, 0, 3, 1, 4]), 0, [1, 1, 1]).map((part) =>
    reshape(part, [batch, heads, length, size]),
  )
  if (config.positions === 'rotary') [q, k] = [rotaryEmbedding(q), rotaryEmbedding(k)]
  const scores = matmul(q, k, { transB: true, alpha: 1 / Math.sqrt(size) })
  const weights = softmax(add(scores, causalMask(x.graph, length)))
  const mixed = transpose(matmul(weights, v), [0, 2, 1, 3])
  return matmul(
    reshape(mixed, [batch * length, width]),
    parameter(`layers.${layer}.attention.output`),
  )
}

function feedForward(config: ModelConfig, layer: number, parameter: Parameters, x: Value): Value {
  const at = `layers.${layer}.feedForward`
  const normalized = rmsNorm(x, parameter(`${at}.norm`))
  const up = matmul(normalized, parameter(`${at}.up`))
  const hidden =
    config.activation === 'gelu'
      ? gelu(up)
      : multiply(silu(matmul(normalized, parameter(`${at}.gate`))), up)
  return matmul(hidden, parameter(`${at}.down`))
}

export function tokenLosses(config: ModelConfig, parameter: Parameters, sequences: Value): Value {
  const [batch, length] = [sequences.shape[0], sequences.shape[1] - 1]
  const states = hiddenStates(config, parameter, slice(sequences, 1, 0, length))
  const targets = reshape(slice(sequences, 1, 1, length + 1), [batch * length])
  const logits = matmul(states, parameter('embedding'), { transB: true })
  return crossEntropy(logits, targets)
}

export function meanLoss(config: ModelConfig, parameter: Parameters, sequences: Value): Value {
  return reduceMean(tokenLosses(config, parameter, sequences))
}

/** Mean loss of each sequence, nats per token. @returns (batch) */
export function sequenceLosses(
  config: ModelConfig,
  parameter: Parameters,
  sequences: Value,
): Value {
  const [batch, length] = sequences.shape
  return reduceMean(reshape(tokenLosses(config, parameter, sequences), [batch, length - 1]), 1)
}

export function nextTokenLogits(
  config: ModelConfig,
  parameter: Parameters,
  tokens: Value,
  last: Value,
): Value {
  const state = gatherRows(hiddenStates(config, parameter, tokens), last)
  return matmul(state, parameter('embedding'), { transB: true })
}
