import { MixwrightError } from '../../errors.js'
import type { ModelShape, ModelSize, ProxySpec } from '../../optimizers/proxy.js'
import type { ModelConfig } from '../types.js'

const SIZES: Readonly<Record<ModelSize, ModelShape>> = {
  tiny: { width: 64, layers: 2, heads: 4, context: 64 },
  small: { width: 128, layers: 4, heads: 4, context: 128 },
  base: { width: 256, layers: 4, heads: 8, context: 128 },
}

/** SwiGLU has three matrices where GELU has two: 8/3 × width keeps the number of parameters, in whole multiples. */
const SWIGLU_MULTIPLE = 8

/**
 * The model that a fidelity names, with every default written out.
 * @param model a size by name, or a shape by its numbers
 * @param vocabulary number of token ids of the corpus, 2 or more
 * @throws MixwrightError `validation-failed` that names the field, for a shape that no transformer has
 */
export function modelConfig(model: ProxySpec['model'], vocabulary: number): ModelConfig {
  const shape = typeof model === 'string' ? SIZES[model] : model
  const activation = shape.activation ?? 'gelu'
  const config: ModelConfig = {
    vocabulary,
    width: shape.width,
    layers: shape.layers,
    heads: shape.heads,
    context: shape.context,
    feedForward: shape.feedForward ?? defaultFeedForward(shape.width, activation),
    activation,
    positions: shape.positions ?? 'learned',
  }
  checkModelConfig(config)
  return config
}

function defaultFeedForward(width: number, activation: ModelConfig['activation']): number {
  if (activation === 'gelu') return 4 * width
  return SWIGLU_MULTIPLE * Math.ceil((8 * width) / 3 / SWIGLU_MULTIPLE)
}

/** @throws MixwrightError `validation-failed` that names the first field that does not fit */
export function checkModelConfig(config: ModelConfig): void {
  const { vocabulary, width, heads } = config
  for (const field of ['width', 'layers', 'heads', 'context', 'feedForward'] as const) {
    if (!Number.isSafeInteger(config[field]) || config[field] < 1) {
      refuse(field, `must be a positive integer, not ${config[field]}`)
    }
  }
  if (!Number.isSafeInteger(vocabulary) || vocabulary < 2) {
    refuse('vocabulary', `must be an integer of 2 or more, not ${vocabulary}`)
  }
  if (width % heads !== 0) {
    refuse('heads', `must divide width: ${width} / ${heads} is no whole number`)
  }
  if (config.positions === 'rotary' && (width / heads) % 2 !== 0) {
    refuse(
      'heads',
      `must leave an even head size for rotary positions: ${width} / ${heads} = ${width / heads}`,
    )
  }
}

function refuse(field: string, detail: string): never {
  throw new MixwrightError('validation-failed', `The model's ${field} ${detail}.`, [
    { pointer: `/model/${field}`, detail },
  ])
}
