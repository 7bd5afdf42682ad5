import { multiply, reshape, split, type Value } from '../graph/index.js'
import type { ModelConfig } from '../types.js'

/** The tensors of a model in a graph, by their names in `parameterLayout`. */
export type Parameters = (name: string) => Value

/** What the forward pass multiplies by: as parameters, but for matrices that others are put into. */
export type Weights = ReadonlyMap<string, Value>

/**
 * Matrices as the forward pass takes them, by the parameter's name, or `layers.0.attention.query`, `…key`, `…value`.
 * Gains of norms stand in the matrices that follow them: (x ∘ gain) W = x (gain ∘ W), and W has fewer rows than x. It
 * is done once for a batch, whatever the number of parts that it is computed in.
 */
export function effectiveWeights(config: ModelConfig, parameter: Parameters): Weights {
  const weights = new Map<string, Value>()
  const plain = (name: string) => weights.set(name, parameter(name))
  plain('embedding')
  if (config.positions === 'learned') plain('positions')
  for (let layer = 0; layer < config.layers; layer++) {
    const [attention, block] = [`layers.${layer}.attention`, `layers.${layer}.feedForward`]
    const qkv = withGain(parameter(`${attention}.qkv`), parameter(`${attention}.norm`))
    const thirds = split(qkv, 1, [config.width, config.width, config.width])
    for (const [i, name] of ['query', 'key', 'value'].entries()) {
      weights.set(`${attention}.${name}`, thirds[i])
    }
    plain(`${attention}.output`)
    for (const name of config.activation === 'swiglu' ? ['gate', 'up'] : ['up']) {
      const matrix = parameter(`${block}.${name}`)
      weights.set(`${block}.${name}`, withGain(matrix, parameter(`${block}.norm`)))
    }
    plain(`${block}.down`)
  }
  plain('norm')
  return weights
}

function withGain(weight: Value, gain: Value): Value {
  return multiply(weight, reshape(gain, [gain.shape[0], 1]))
}
