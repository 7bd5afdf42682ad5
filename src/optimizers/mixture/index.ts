/** The simplex of mixtures: its constraints, sampling, projection and rounding. */

export {
  activeConstraints,
  type BindingConstraint,
  type ConstraintKind,
  groupSum,
  withoutConstraint,
} from './active-constraints.js'
export { apportion } from './apportionment.js'
export { checkFeasible } from './feasibility/check-feasible.js'
export { MixtureSet } from './mixture-set.js'
export { fromMixture, toMixture } from './named-mixture.js'
export { projectEuclidean, projectKl } from './projection/project.js'
export { type DirichletSampler, dirichletSampler, sampleDirichlet } from './sampling/dirichlet.js'
export { sampleSobol, sampleUniform, uniformDrawer } from './sampling/feasible.js'
export {
  OLMIX_SAMPLING,
  REGMIX_SAMPLING,
  type RegmixSamplingOptions,
  type RegmixSamplingStatistics,
  regmixDrawer,
  sampleRegmix,
  sampleRegmixWithStatistics,
} from './sampling/regmix.js'
export { SOBOL_DIMENSIONS, type SobolSequence, sobolSequence } from './sampling/sobol.js'
export { exponentialSpacings, sampleUniformSimplex } from './sampling/uniform-simplex.js'
export { snap } from './snap.js'
export { compileSpace, DEFAULT_MAX_EPOCHS } from './space.js'
export { temperedPrior } from './temper.js'
export { SAME_MIXTURE, SAME_WEIGHT, VIOLATION_TOLERANCE } from './tolerance.js'
export type { GroupConstraint, Space, UpperSource } from './types.js'
export { largestViolation } from './violation.js'
