import {
  add,
  causalAttention,
  GELU_SCALE,
  gatherRows,
  matmul,
  multiply,
  reduceMean,
  reshape,
  rmsNormalize,
  rotaryEmbedding,
  scaledGelu,
  silu,
  slice,
  tiedCrossEntropy,
  transpose,
  type Value,
} from '../graph/index.js'
import type { ModelConfig } from '../types.js'
import { effectiveWeights, type Parameters, type Weights } from './weights.js'

type Weight = (name: string) => Value

/** The residual stream behind the last norm. @param tokens (batch × length) ids @returns (batch · length × width) */
function hiddenStates(config: ModelConfig, weights: Weights, tokens: Value): Value {
  const [batch, length] = tokens.shape
  const weight = named(weights)
  let x = gatherRows(weight('embedding'), tokens)
  if (config.positions === 'learned') x = add(x, slice(weight('positions'), 0, 0, length))
  x = reshape(x, [batch * length, config.width])
  for (let layer = 0; layer < config.layers; layer++) {
    const at = (name: string) => weight(`layers.${layer}.${name}`)
    x = add(x, attention(config, at, x, batch))
    x = add(x, feedForward(config, at, x))
  }
  return multiply(rmsNormalize(x), weight('norm'))
}

function named(weights: Weights): Weight {
  return (name) => {
    const value = weights.get(name)
    if (!value) throw new Error(`the model has no ${name}`)
    return value
  }
}

function attention(config: ModelConfig, at: Weight, x: Value, batch: number): Value {
  const { heads, width } = config
  const size = width / heads
  const normalized = rmsNormalize(x)
  const project = (name: string) => {
    const rows = matmul(normalized, at(`attention.${name}`))
    return transpose(reshape(rows, [batch, x.shape[0] / batch, heads, size]), [0, 2, 1, 3])
  }
  const turn = config.positions === 'rotary' ? rotaryEmbedding : (value: Value) => value
  const [q, k] = [turn(project('query')), turn(project('key'))]
  const mixed = causalAttention(q, k, project('value'), 1 / Math.sqrt(size))
  return matmul(reshape(transpose(mixed, [0, 2, 1, 3]), x.shape), at('attention.output'))
}

function feedForward(config: ModelConfig, at: Weight, x: Value): Value {
  const normalized = rmsNormalize(x)
  const [up, down] = [at('feedForward.up'), at('feedForward.down')]
  if (config.activation === 'gelu') {
    const hidden = scaledGelu(matmul(normalized, up, { alpha: GELU_SCALE }))
    return matmul(hidden, down, { alpha: 1 / GELU_SCALE })
  }
  const gate = silu(matmul(normalized, at('feedForward.gate')))
  return matmul(multiply(gate, matmul(normalized, up)), down)
}

/** Loss of each token but the first of a sequence, nats. @returns (batch · length) */
function tokenLosses(config: ModelConfig, weights: Weights, sequences: Value): Value {
  const [batch, ids] = sequences.shape
  const states = hiddenStates(config, weights, slice(sequences, 1, 0, ids - 1))
  const targets = reshape(slice(sequences, 1, 1, ids), [batch * (ids - 1)])
  return tiedCrossEntropy(states, named(weights)('embedding'), targets)
}

/** Mean over the tokens of a batch, nats. @param sequences (batch × (length + 1)) ids @returns a scalar */
export function weightedLoss(config: ModelConfig, weights: Weights, sequences: Value): Value {
  return reduceMean(tokenLosses(config, weights, sequences))
}

/** Mean over the tokens of a batch, nats. @param sequences (batch × (length + 1)) ids @returns a scalar */
export function meanLoss(config: ModelConfig, parameter: Parameters, sequences: Value): Value {
  return weightedLoss(config, effectiveWeights(config, parameter), sequences)
}

/** Mean over the tokens of each sequence, nats. @param sequences (batch × (length + 1)) @returns (batch) */
export function sequenceLosses(
  config: ModelConfig,
  parameter: Parameters,
  sequences: Value,
): Value {
  const [batch, ids] = sequences.shape
  const losses = tokenLosses(config, effectiveWeights(config, parameter), sequences)
  return reduceMean(reshape(losses, [batch, ids - 1]), 1)
}

/**
 * Scores of what follows the token at an index.
 * @param tokens (1 × length) ids, length ≤ context @param last (1) index
 * @returns (1 × vocabulary)
 */
export function nextTokenLogits(
  config: ModelConfig,
  parameter: Parameters,
  tokens: Value,
  last: Value,
): Value {
  const states = hiddenStates(config, effectiveWeights(config, parameter), tokens)
  return matmul(gatherRows(states, last), parameter('embedding'), { transB: true })
}
