import { checkModelConfig, parameterCount } from '../../model/index.js'
import type { LearnerSpec, TrainingEngine } from '../../types.js'
import { OnnxLearner } from './learner.js'
import { loadRuntime } from './runtime.js'
import { ModelSessions } from './sessions.js'

/**
 * Trains in ONNX Runtime: forward pass, backward pass and optimiser are one graph. `open` throws MixwrightError
 * `device-unavailable` where the device is not there, RangeError for parameters of another model.
 */
export const onnxEngine: TrainingEngine = {
  name: 'onnx',
  async open(spec: LearnerSpec, { device = 'cpu', threads = 1 } = {}) {
    checkModelConfig(spec.model)
    const count = parameterCount(spec.model)
    if (spec.parameters.length !== count) {
      throw new RangeError(
        `the model has ${count} parameters, ${spec.parameters.length} were given`,
      )
    }
    const runtime = await loadRuntime()
    const { model, optimizer, batchSize } = spec
    const sessions = new ModelSessions(
      runtime,
      { model, optimizer, batchSize },
      { device, threads },
    )
    // Opened here, so that a missing device is noticed at once.
    await sessions.get('step')
    return new OnnxLearner(runtime, spec, sessions)
  },
}
