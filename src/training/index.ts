/** Proxy language models: their training, measurement and text. */

export { loadEngine } from './engines/load-engine.js'
export { type GenerationOptions, generate, sampleToken } from './generate.js'
export { initialParameters, modelConfig, parameterCount } from './model/index.js'
export {
  type CompleteProxySpec,
  completeProxySpec,
  type ProxyRun,
  type ProxyRunEvent,
  trainProxy,
} from './trainer/index.js'
export type {
  Device,
  DomainLoss,
  DomainTokens,
  Learner,
  LearnerSpec,
  LearnerState,
  ModelConfig,
  ProxyMeasurement,
  TokenArray,
  TrainingEngine,
} from './types.js'
