export { checkModelConfig, modelConfig } from './config.js'
export {
  initialParameters,
  type ParameterSlot,
  parameterCount,
  parameterLayout,
} from './parameters.js'
export { meanLoss, nextTokenLogits, type Parameters, sequenceLosses } from './transformer.js'
