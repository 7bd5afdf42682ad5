export { batchGradient } from './batch-gradient.js'
export { checkModelConfig, modelConfig } from './config.js'
export {
  initialParameters,
  type ParameterSlot,
  parameterCount,
  parameterLayout,
} from './parameters.js'
export { meanLoss, nextTokenLogits, sequenceLosses } from './transformer.js'
export type { Parameters } from './weights.js'
