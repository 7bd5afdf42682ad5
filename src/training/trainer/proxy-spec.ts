import type { ModelShape, ProxySpec } from '../../optimizers/proxy.js'
import { modelConfig } from '../model/index.js'
import type { CompleteProxySpec } from './types.js'

/** Wider models take smaller steps: the rate times the width, 4e-3 at width 64 (Yang et al. 2021, hidden matrices). */
const RATE_TIMES_WIDTH = 0.256
const LARGEST_RATE = 1e-2
/** No default depends on it. */
const ANY_VOCABULARY = 2

/**
 * Writes every default of a proxy specification out, in a fixed order of fields. Completing it again changes nothing.
 * @throws MixwrightError `validation-failed` that names the field, for a shape that no transformer has
 */
export function completeProxySpec(spec: ProxySpec): CompleteProxySpec {
  const { model } = spec
  return {
    model: typeof model === 'string' ? model : completeShape(model),
    tokens: spec.tokens,
    batchSize: spec.batchSize ?? 32,
    learningRate:
      spec.learningRate ??
      Math.min(LARGEST_RATE, RATE_TIMES_WIDTH / modelConfig(model, ANY_VOCABULARY).width),
    schedule: spec.schedule ?? 'cosine',
    warmupFraction: spec.warmupFraction ?? 0.05,
    finalFraction: spec.finalFraction ?? 0.1,
    decayFraction: spec.decayFraction ?? 0.2,
    weightDecay: spec.weightDecay ?? 0.1,
    clipNorm: spec.clipNorm ?? 1,
    validationSequences: spec.validationSequences ?? 256,
    measurements: spec.measurements ?? 4,
    simulatedEpoching: spec.simulatedEpoching ?? false,
    engine: spec.engine ?? 'onnx',
  }
}

function completeShape(shape: ModelShape): ModelShape {
  const { width, layers, heads, context, feedForward, activation, positions } = modelConfig(
    shape,
    ANY_VOCABULARY,
  )
  return { width, layers, heads, context, feedForward, activation, positions }
}
