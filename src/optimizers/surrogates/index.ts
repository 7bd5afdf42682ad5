export {
  type Comparison,
  type ComparisonEntry,
  compareSurrogates,
} from './choose.js'
export {
  type CrossValidation,
  type CrossValidationOutcome,
  crossValidate,
} from './cross-validation.js'
export type { LogLinearLaw } from './log-linear/coordinates.js'
export { fitLogLinearLaw } from './log-linear/fit-law.js'
export { fittedFromLaw, logLinearParameters } from './log-linear.js'
export { type MetricData, metricData } from './metric-data.js'
export {
  fitMetricMeans,
  fitMetricModel,
  MetricModel,
  type MetricModelJson,
  restoreMetricModel,
} from './metric-model.js'
export { type Orientation, orient, unorient } from './orientation.js'
export { type SurrogateParams, SurrogateParamsSchema } from './params.js'
export { restoreFitted, SURROGATES } from './registry.js'
