import { clipFactor, Graph, globalNorm, type Value, writeOnnxModel } from '../../graph/index.js'
import {
  batchGradient,
  nextTokenLogits,
  type ParameterSlot,
  parameterLayout,
  sequenceLosses,
} from '../../model/index.js'
import { adamwUpdate } from '../../optimization/index.js'
import type { ModelConfig, OptimizerConfig } from '../../types.js'

/** ONNX operators that every device has (`standard`), or also those that ONNX Runtime added for the CPU (`fused`). */
export type GraphForm = 'fused' | 'standard'

/** Names of the graphs' inputs and outputs; tensors of the model are `${kind}.${slot.name}`. */
export const NAMES = {
  sequences: 'sequences',
  tokens: 'tokens',
  last: 'last',
  loss: 'loss',
  losses: 'losses',
  logits: 'logits',
  norm: 'norm',
  decay: 'decay',
  stepSize: 'stepSize',
  epsilon: 'epsilon',
} as const

/** What a tensor is in a graph: as it comes in, as it goes out after a step, or its gradient. */
export type TensorKind =
  | 'parameter'
  | 'firstMoment'
  | 'secondMoment'
  | 'next.parameter'
  | 'next.firstMoment'
  | 'next.secondMoment'
  | 'gradient'

export const STATE_KINDS = ['parameter', 'firstMoment', 'secondMoment'] as const

export function tensorName(kind: TensorKind, slot: ParameterSlot): string {
  return `${kind}.${slot.name}`
}

type Inputs = (slot: ParameterSlot) => Value

class ModelGraph {
  readonly graph = new Graph()
  readonly layout: readonly ParameterSlot[]
  readonly parameters: ReadonlyMap<string, Value>

  constructor(readonly config: ModelConfig) {
    this.layout = parameterLayout(config)
    const input = this.inputs('parameter')
    this.parameters = new Map(this.layout.map((slot) => [slot.name, input(slot)]))
  }

  readonly parameter = (name: string): Value => {
    const value = this.parameters.get(name)
    if (!value) throw new Error(`the layout has no ${name}`)
    return value
  }

  inputs(kind: TensorKind): Inputs {
    return (slot) => this.graph.input(tensorName(kind, slot), 'float32', slot.shape)
  }

  sequences(count: number): Value {
    return this.graph.input(NAMES.sequences, 'int32', [count, this.config.context + 1])
  }

  lossAndGradients(batchSize: number) {
    return batchGradient(
      this.config,
      this.parameter,
      this.layout.map((slot) => this.parameter(slot.name)),
      this.sequences(batchSize),
    )
  }

  /** One output of this kind for each tensor. */
  outputs(kind: TensorKind, values: readonly Value[]): Record<string, Value> {
    return Object.fromEntries(this.layout.map((slot, i) => [tensorName(kind, slot), values[i]]))
  }
}

/** Forward, backward, clipping and AdamW: `loss`, `norm` and the next state from a batch and the state. */
export function stepGraph(
  config: ModelConfig,
  batchSize: number,
  optimizer: OptimizerConfig,
): Record<string, Value> {
  const model = new ModelGraph(config)
  const scalar = (name: string) => model.graph.input(name, 'float32', [])
  const rates = {
    decay: scalar(NAMES.decay),
    stepSize: scalar(NAMES.stepSize),
    epsilon: scalar(NAMES.epsilon),
  }
  const { loss, gradients } = model.lossAndGradients(batchSize)
  const norm = globalNorm(gradients)
  const clipping = clipFactor(norm, optimizer.clipNorm)
  const [first, second] = [model.inputs('firstMoment'), model.inputs('secondMoment')]
  const after = model.layout.map((slot, i) => {
    const before = {
      parameter: model.parameter(slot.name),
      firstMoment: first(slot),
      secondMoment: second(slot),
    }
    return adamwUpdate(before, gradients[i], clipping, optimizer, rates, slot.decays)
  })
  const state = STATE_KINDS.map((kind) => {
    const values = after.map((tensors) => tensors[kind])
    return model.outputs(`next.${kind}`, values)
  })
  return Object.assign({ [NAMES.loss]: loss, [NAMES.norm]: norm }, ...state)
}

/** `loss` of a batch and its `gradient`. */
export function gradientGraph(config: ModelConfig, batchSize: number): Record<string, Value> {
  const model = new ModelGraph(config)
  const { loss, gradients } = model.lossAndGradients(batchSize)
  return { [NAMES.loss]: loss, ...model.outputs('gradient', gradients) }
}

/** `losses`: the mean of each of `count` sequences. */
export function lossesGraph(config: ModelConfig, count: number): Record<string, Value> {
  const model = new ModelGraph(config)
  return { [NAMES.losses]: sequenceLosses(config, model.parameter, model.sequences(count)) }
}

/** `logits` of the token after that at the index `last`; what stands behind it is not looked at. */
export function logitsGraph(config: ModelConfig): Record<string, Value> {
  const model = new ModelGraph(config)
  const tokens = model.graph.input(NAMES.tokens, 'int32', [1, config.context])
  const last = model.graph.input(NAMES.last, 'int32', [1])
  return { [NAMES.logits]: nextTokenLogits(config, model.parameter, tokens, last) }
}

/** What differs between devices: which of their operators are used. */
export function modelBytes(outputs: Record<string, Value>, form: GraphForm): Uint8Array {
  if (form === 'fused') return writeOnnxModel(outputs)
  return writeOnnxModel(outputs, { forms: STANDARD_FORMS })
}

const STANDARD_FORMS = {
  matmul: 'standard',
  rmsNormalize: 'standard',
  causalAttention: 'standard',
  tiedCrossEntropy: 'standard',
  silu: 'standard',
}
