/** What a run promises, from the posterior of a surrogate; every score is to be maximised. */

export { type CandidateOptions, proposeCandidates } from './candidates.js'
export {
  expectedImprovement,
  type LogImprovementGradient,
  logExpectedImprovement,
  logExpectedImprovementGradient,
  logH,
} from './expected-improvement.js'
export { knowledgeGradient, logKnowledgeGradient } from './knowledge-gradient.js'
export {
  type GumbelApproximation,
  gumbelApproximation,
  maximumQuantile,
  maxValueEntropy,
  sampleMaxima,
} from './max-value-entropy.js'
export {
  informationGain,
  truncationInformation,
  truncationInformationBound,
} from './multi-fidelity-entropy.js'
export { logNoisyExpectedImprovement, sampledIncumbents } from './noisy-expected-improvement.js'
export { type MixtureObjective, type Refined, type RefineOptions, refine } from './refine.js'
