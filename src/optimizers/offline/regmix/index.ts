import { Type } from 'typebox'
import {
  type Proposal,
  type ProposalContext,
  predictedObjective,
  recommendFromModels,
} from '../../evidence/index.js'
import { REGMIX_SAMPLING } from '../../mixture/index.js'
import type { Optimizer } from '../../types.js'
import { pickPredicted } from '../picks.js'
import { type SurrogateParams, surrogateParamsProperties } from '../surrogate-params.js'
import { suggestSwarm } from '../swarm.js'
import { simulate } from './simulate.js'

export const RegmixParamsSchema = Type.Object(
  {
    candidates: Type.Integer({
      minimum: 1000,
      maximum: 2_000_000,
      default: 100_000,
      description: 'Mixtures drawn and scored. Paper 1,000,000; notebook 100,000.',
    }),
    average: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 128,
      description: 'How many of the best candidates are averaged. Paper 100; notebook 128.',
    }),
    concentration: Type.Number({
      exclusiveMinimum: 0,
      maximum: 10_000,
      default: 1,
      description: 'Candidates come from Dirichlet(concentration · prior). Notebook 1.',
    }),
    ...surrogateParamsProperties,
  },
  { additionalProperties: false },
)

export interface RegmixParams extends SurrogateParams {
  candidates: number
  average: number
  concentration: number
}

/** Relaxed spaces are searched with fewer candidates: they only price a constraint. */
const PRICING_CANDIDATES = 20_000

/** RegMix (arXiv 2407.01492): regress the metrics on mixtures, simulate many mixtures, average the best. */
export const regmix: Optimizer<RegmixParams> = {
  name: 'regmix',
  title: 'RegMix',
  summary:
    'Fits a regression a metric, scores many random mixtures and averages the best ones, within all constraints.',
  citation: {
    authors: 'Liu et al.',
    title: 'RegMix: Data Mixture as Regression for Language Model Pre-training',
    year: 2024,
    url: 'https://arxiv.org/abs/2407.01492',
  },
  capabilities: { fidelities: false, pending: true, multiObjective: true, adaptive: false },
  paramsSchema: RegmixParamsSchema,
  surrogates: ['gradient-boosted-trees', 'log-linear', 'ridge', 'least-squares'],
  needsRuns: true,
  validate: (_, { candidates, average }) =>
    average <= candidates
      ? []
      : [
          {
            pointer: '/params/average',
            detail: `The best ${average} cannot be taken from ${candidates} candidates; it must be at most \`candidates\`.`,
          },
        ],
  suggest: (input) => suggestSwarm(input, REGMIX_SAMPLING),
  pick: (input) => pickPredicted(input, 'gradient-boosted-trees'),
  recommend: (input) => recommendFromModels(regmix, input, propose),
}

function propose(context: ProposalContext<RegmixParams>): Proposal {
  const { space, judge, params, rng, purpose } = context
  const candidates =
    purpose === 'recommend'
      ? params.candidates
      : Math.max(params.average, Math.min(PRICING_CANDIDATES, params.candidates))
  const average = Math.max(1, Math.round((params.average * candidates) / params.candidates))
  const simulation = simulate(
    space,
    (points) => predictedObjective(judge, points),
    { candidates, average, concentration: params.concentration },
    rng,
  )
  const { weights, bestMean, acceptance, projected, range } = simulation
  return {
    weights,
    optimum: bestMean,
    solver: {
      candidates,
      averaged: average,
      meanObjectiveOfAveraged: bestMean,
      smallestObjective: range[0],
      largestObjective: range[1],
      acceptance,
    },
    warnings: projected
      ? [
          {
            code: 'candidates-projected',
            message: `Only ${(100 * acceptance).toFixed(1)} % of the candidates met the constraints, so those outside were moved to the nearest mixture inside.`,
          },
        ]
      : [],
  }
}
