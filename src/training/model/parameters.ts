import type { Rng } from '../../optimizers/random.js'
import type { ModelConfig } from '../types.js'

/** One tensor of a model, and where it stands in the flat vector. */
export interface ParameterSlot {
  /** `embedding`, `positions`, `layers.0.attention.qkv`, … */
  readonly name: string
  /** Matrices are (in × out), to be multiplied from the right; gains are (width). */
  readonly shape: readonly number[]
  /** Of the first element in the flat vector. */
  readonly offset: number
  readonly size: number
  /** Whether weight decay applies: to matrices, not to gains. */
  readonly decays: boolean
  /** How it begins: normal with this standard deviation, or all ones. */
  readonly initial: { readonly deviation: number } | 'ones'
}

/** Standard deviation of GPT-2's initial weights (Radford et al. 2019) at its width; narrower models begin larger. */
const GPT2_DEVIATION = 0.02
const GPT2_WIDTH = 768

/**
 * The tensors of a model in the order of the flat vector: all matrices, then all gains, so that what decays is in one
 * piece. `qkv` holds queries, keys and values side by side, each with its heads side by side.
 */
export function parameterLayout(config: ModelConfig): readonly ParameterSlot[] {
  const slots: ParameterSlot[] = []
  let offset = 0
  for (const slot of [...matrices(config), ...gains(config)]) {
    const size = slot.shape.reduce((product, length) => product * length, 1)
    slots.push({ ...slot, offset, size })
    offset += size
  }
  return slots
}

export function parameterCount(config: ModelConfig): number {
  return parameterLayout(config).reduce((count, { size }) => count + size, 0)
}

type Unplaced = Omit<ParameterSlot, 'offset' | 'size'>

function matrices(config: ModelConfig): Unplaced[] {
  const { vocabulary, width, feedForward, layers, context } = config
  // Each layer adds to the residual stream twice; GPT-2 shrinks what is added so that its variance stays near 1.
  const deviation = GPT2_DEVIATION * Math.sqrt(GPT2_WIDTH / width)
  const residual = deviation / Math.sqrt(2 * layers)
  const matrix = (name: string, rows: number, columns: number, spread = deviation): Unplaced => ({
    name,
    shape: [rows, columns],
    decays: true,
    initial: { deviation: spread },
  })
  const slots = [matrix('embedding', vocabulary, width)]
  if (config.positions === 'learned') slots.push(matrix('positions', context, width))
  for (let layer = 0; layer < layers; layer++) {
    const [attention, block] = [`layers.${layer}.attention`, `layers.${layer}.feedForward`]
    slots.push(matrix(`${attention}.qkv`, width, 3 * width))
    slots.push(matrix(`${attention}.output`, width, width, residual))
    if (config.activation === 'swiglu') slots.push(matrix(`${block}.gate`, width, feedForward))
    slots.push(matrix(`${block}.up`, width, feedForward))
    slots.push(matrix(`${block}.down`, feedForward, width, residual))
  }
  return slots
}

function gains({ width, layers }: ModelConfig): Unplaced[] {
  const names: string[] = []
  for (let layer = 0; layer < layers; layer++) {
    names.push(`layers.${layer}.attention.norm`, `layers.${layer}.feedForward.norm`)
  }
  names.push('norm')
  return names.map((name) => ({ name, shape: [width], decays: false, initial: 'ones' }))
}

/**
 * Parameters before training: normal with deviation σ = 0.02 · √(768 / width), what is added to the residual stream with
 * σ / √(2 · layers), gains 1. Each tensor has a stream of its own.
 * @returns (P) in the order of `parameterLayout`
 */
export function initialParameters(config: ModelConfig, rng: Rng): Float32Array {
  const parameters = new Float32Array(parameterCount(config))
  for (const { name, offset, size, initial } of parameterLayout(config)) {
    if (initial === 'ones') {
      parameters.fill(1, offset, offset + size)
      continue
    }
    const stream = rng.fork(name)
    for (let i = offset; i < offset + size; i++) {
      parameters[i] = initial.deviation * stream.normal()
    }
  }
  return parameters
}
