import { Type } from 'typebox'
import { modelOf } from '../../evidence/comparison.js'
import { type Proposal, type ProposalContext, recommendFromModels } from '../../evidence/index.js'
import { OLMIX_SAMPLING } from '../../mixture/index.js'
import type { ScalarObjective } from '../../objective.js'
import { logLinearParameters, type MetricModel } from '../../surrogates/index.js'
import type { Optimizer } from '../../types.js'
import { pickPredicted } from '../picks.js'
import { type SurrogateParams, surrogateParamsProperties } from '../surrogate-params.js'
import { suggestSwarm } from '../swarm.js'
import { type LawTerm, lawObjective, solveLaws } from './solver.js'

export const MixingLawsParamsSchema = Type.Object(
  {
    kl: Type.Number({
      minimum: 0,
      maximum: 100,
      default: 0.05,
      description:
        'λ, the strength of λ·KL(mixture ‖ prior) in the objective. 0 leaves only the constraints between the law and a one-hot answer.',
    }),
    ...surrogateParamsProperties,
  },
  { additionalProperties: false },
)

export interface MixingLawsParams extends SurrogateParams {
  kl: number
}

/**
 * Log-linear mixing laws with an exact solution: per metric f(p) = exp(c) + exp(t·p), minimised with λ·KL(p‖q) under the
 * constraints (Olmix, arXiv 2602.12237; laws after arXiv 2403.16952).
 */
export const mixingLaws: Optimizer<MixingLawsParams> = {
  name: 'mixing-laws',
  title: 'Mixing laws, solved exactly',
  summary:
    'Fits one log-linear law a metric and minimises their combination, with a KL pull to the natural mixture, exactly under all constraints.',
  citation: {
    authors: 'Chen et al. (Olmix); Ye et al. (Data Mixing Laws)',
    title: 'Olmix: a framework for data mixing throughout LM development; Data Mixing Laws',
    year: 2026,
    url: 'https://arxiv.org/abs/2602.12237',
  },
  capabilities: { fidelities: false, pending: true, multiObjective: true, adaptive: false },
  paramsSchema: MixingLawsParamsSchema,
  surrogates: ['log-linear'],
  needsRuns: true,
  validate: () => [],
  suggest: (input) => suggestSwarm(input, OLMIX_SAMPLING),
  pick: (input) => pickPredicted(input, 'log-linear'),
  recommend: (input) => recommendFromModels(mixingLaws, input, propose),
}

function propose(context: ProposalContext<MixingLawsParams>): Proposal {
  const { space, judge, params } = context
  const problem = {
    space,
    terms: lawTerms(judge.objective, judge.models),
    type: judge.objective.type,
    kl: params.kl,
    prior: space.prior,
  }
  const { weights, objective, gap, iterations } = solveLaws(problem)
  return {
    weights,
    optimum: objective,
    solver: {
      objectiveWithKl: objective,
      objectiveOfPrior: lawObjective(problem, space.prior),
      optimalityGap: gap,
      iterations,
      laws: Object.fromEntries(
        judge.objective.terms.map(({ metric }) => {
          const { logC, t } = logLinearParameters(modelOf(judge.models, metric).fitted)
          return [metric, { logC, t: signedMap(space.names, t) }]
        }),
      ),
    },
  }
}

/** The objective's terms as functions of the law: weight · (e^c + e^{t·p} − shift − offset) / scale. */
export function lawTerms(
  objective: ScalarObjective,
  models: ReadonlyMap<string, MetricModel>,
): LawTerm[] {
  return objective.terms.map(({ metric, weight, offset, scale }) => {
    const model = modelOf(models, metric)
    const { logC, t } = logLinearParameters(model.fitted)
    const factor = weight / scale
    return {
      offset: factor * (Math.exp(logC) - model.orientation.shift - offset),
      scale: factor,
      t,
    }
  })
}

function signedMap(names: readonly string[], values: Float64Array): Record<string, number> {
  return Object.fromEntries(names.map((name, j) => [name, values[j]]))
}
