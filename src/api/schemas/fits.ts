import { type Static, Type } from 'typebox'
import { type Recommendation, RecommendationSchema } from '../../optimizers/recommendation.js'
import { SURROGATE_NAMES } from '../../optimizers/surrogates/types.js'
import type { FitRecord } from '../../store/records.js'
import {
  closed,
  formatTime,
  HashSchema,
  IdSchema,
  Nullable,
  ParamsSchema,
  SeedSchema,
  TimeSchema,
} from './common.js'

export const SurrogateChoiceSchema = Type.Enum(['auto', ...SURROGATE_NAMES], {
  description:
    'The model that learns mixture → metric; `auto` compares the ones the method can use by cross-validation. Default `auto`.',
})

export const FitRequestSchema = Type.Object(
  {
    method: Type.Optional(Type.String({ description: "Default: the study's." })),
    surrogate: Type.Optional(SurrogateChoiceSchema),
    params: Type.Optional(ParamsSchema),
    seed: Type.Optional(SeedSchema),
    fidelity: Type.Optional(
      Type.String({
        description:
          'Whose training runs are fitted. Default: the one closest to the target run that has any.',
      }),
    ),
  },
  {
    ...closed,
    description: 'How to fit; what is left out follows the study.',
    examples: [{ surrogate: 'auto' }],
  },
)

export const FitParamsSchema = Type.Object({ studyId: IdSchema, fitId: IdSchema }, closed)

export const FitSchema = Type.Object(
  {
    id: IdSchema,
    studyId: IdSchema,
    jobId: IdSchema,
    method: Type.String(),
    surrogate: Type.String(),
    params: ParamsSchema,
    seed: Type.Integer(),
    fidelity: Type.String(),
    importIds: Type.Array(IdSchema, { description: 'The imports it learns from.' }),
    trialIds: Type.Array(IdSchema, { description: 'The trials with proxies it learns from.' }),
    dataHash: HashSchema,
    recommendation: Nullable(RecommendationSchema),
    createdAt: TimeSchema,
    finishedAt: Nullable(TimeSchema),
  },
  {
    ...closed,
    description: 'What was asked to be learned; `recommendation` is null until its job succeeds.',
  },
)

export function viewFit(fit: FitRecord): Static<typeof FitSchema> {
  return {
    ...fit,
    recommendation: fit.recommendation as Recommendation | null,
    createdAt: formatTime(fit.createdAt),
    finishedAt: formatTime(fit.finishedAt),
  }
}
