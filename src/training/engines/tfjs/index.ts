import { MixwrightError } from '../../../errors.js'
import { parameterCount } from '../../model/index.js'
import type { TrainingEngine } from '../../types.js'
import { type Backend, loadTensorFlow } from './backend.js'
import { TfjsLearner } from './learner.js'

/**
 * The second engine: the same models through TensorFlow.js and its own differentiation. Slower than `onnx` and independent of
 * it. It trains on the CPU with as many threads as its back end takes (`wasm`: one).
 * @param backend default: @tensorflow/tfjs-node where it is installed, WebAssembly otherwise
 */
export function tfjsEngine(backend?: Backend): TrainingEngine {
  return {
    name: 'tfjs',
    async open(spec, { device = 'cpu' } = {}) {
      if (device !== 'cpu') {
        throw new MixwrightError(
          'device-unavailable',
          `the engine tfjs trains on the device cpu only, not on ${device}; the engine onnx can`,
        )
      }
      const expected = parameterCount(spec.model)
      if (spec.parameters.length !== expected) {
        throw new RangeError(
          `the model has ${expected} parameters, but ${spec.parameters.length} values were given`,
        )
      }
      return new TfjsLearner(await loadTensorFlow(backend), spec)
    },
  }
}

export type { Backend } from './backend.js'
