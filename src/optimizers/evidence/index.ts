export { bestObserved } from './baselines.js'
export { type Judge, nearestFeasible, predictedObjective, predictMetrics } from './comparison.js'
export type { FittedMetrics } from './fit-metrics.js'
export { provenanceOf } from './provenance.js'
export {
  distances,
  epochsOf,
  type Learned,
  type Proposal,
  type ProposalContext,
  recommendFitted,
  recommendFromModels,
} from './recommend.js'
export { countMixtures, type MixtureCounts, missingRuns } from './required-runs.js'
