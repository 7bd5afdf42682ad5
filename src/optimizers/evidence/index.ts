export { bestObserved } from './baselines.js'
export { type Judge, nearestFeasible, predictedObjective, predictMetrics } from './comparison.js'
export { provenanceOf } from './provenance.js'
export {
  distances,
  epochsOf,
  type Proposal,
  type ProposalContext,
  recommendFromModels,
} from './recommend.js'
export { countMixtures, missingRuns } from './required-runs.js'
