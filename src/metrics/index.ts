export { METRICS, type MetricDefinition } from './catalogue.js'
export {
  createMetrics,
  type Metrics,
  type MetricsOptions,
  type Reading,
  type Readings,
} from './metrics.js'
export {
  monitorWork,
  type TrainingMonitor,
  UNMONITORED,
  type WorkMonitor,
  type WorkOutcome,
} from './work.js'
