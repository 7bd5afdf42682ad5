import { Type } from 'typebox'
import { ImportedRunSchema } from '../../formats/importers/index.js'
import { MixtureSchema, NameSchema, ProblemSchema } from '../../optimizers/problem.js'
import { MetricPredictionSchema } from '../../optimizers/recommendation.js'
import { DEFAULT_LIMITS } from '../../studies/limits.js'
import { closed, IdSchema, ParamsSchema, SeedSchema } from './common.js'
import { newStudyExample, runsExample } from './examples.js'
import { SurrogateChoiceSchema } from './fits.js'

const RunsSchema = Type.Array(ImportedRunSchema, { minItems: 1 })

export const InlineRunSchema = Type.Object(
  {
    ...ImportedRunSchema.properties,
    fidelity: Type.Optional(
      Type.String({
        ...NameSchema,
        description:
          'Where the run was made, for methods that learn from several fidelities. Default: the one that is fitted.',
      }),
    ),
  },
  { ...closed, description: 'A training run.' },
)

export const InlineStudySchema = Type.Object(
  {
    problem: ProblemSchema,
    runs: Type.Array(InlineRunSchema, { minItems: 1 }),
    holdouts: Type.Optional(
      Type.Array(
        Type.Object(
          { name: NameSchema, runs: RunsSchema, fidelity: Type.Optional(NameSchema) },
          closed,
        ),
        { maxItems: 20 },
      ),
    ),
    method: Type.Optional(
      Type.String({ description: 'A name from `GET /v1/methods`. Default `mixing-laws`.' }),
    ),
    surrogate: Type.Optional(SurrogateChoiceSchema),
    params: Type.Optional(ParamsSchema),
    seed: Type.Optional(SeedSchema),
    fidelity: Type.Optional(
      Type.String({
        description:
          'The fidelity that is fitted: where runs and hold-outs that do not say were made. Default: the one closest to the target run; ' +
          'where all runs say theirs, of those.',
      }),
    ),
  },
  {
    ...closed,
    description: 'A problem with its runs.',
    examples: [{ problem: newStudyExample.problem, runs: runsExample, surrogate: 'log-linear' }],
  },
)

export const MixturesSchema = Type.Object(
  {
    mixtures: Type.Array(MixtureSchema, {
      minItems: 1,
      maxItems: DEFAULT_LIMITS.predictionMixtures,
      description: 'Each sums to 1 within 1e-6. A domain that is left out has weight 0.',
    }),
  },
  { ...closed, examples: [{ mixtures: [{ web: 0.7, code: 0.2, wiki: 0.1 }] }] },
)

export const PredictionsSchema = Type.Object(
  {
    fitId: IdSchema,
    predictions: Type.Array(Type.Array(MetricPredictionSchema), {
      description: 'One entry a mixture, in the order of the request; in it, one a metric.',
    }),
  },
  closed,
)
