import { type Static, type TSchema, Type } from 'typebox'
import { ExplanationSchema } from './explanation.js'
import { MixtureSchema } from './problem.js'
import { SURROGATE_NAMES } from './surrogates/types.js'

/**
 * A recommendation is a claim, so it carries its evidence. The schemas are what the API returns and what the
 * command line prints with `--json`; null stands for "undefined" (a correlation of constants, an unknown token count).
 */

const closed = { additionalProperties: false } as const
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const SurrogateNameSchema = Type.Enum(SURROGATE_NAMES)

export const MetricPredictionSchema = Type.Object(
  {
    metric: Type.String(),
    mean: Type.Number({ description: "Predicted value of one run, in the metric's own unit." }),
    sd: Type.Number({ minimum: 0 }),
    lower: Type.Number({ description: 'Lower end of the 90 % interval for one run.' }),
    upper: Type.Number({ description: 'Upper end of the 90 % interval for one run.' }),
  },
  closed,
)
export type MetricPrediction = Static<typeof MetricPredictionSchema>

export const ScoresSchema = Type.Object(
  {
    spearman: Nullable(Type.Number({ minimum: -1, maximum: 1 })),
    kendall: Nullable(Type.Number({ minimum: -1, maximum: 1 })),
    mae: Nullable(Type.Number()),
    rmse: Nullable(Type.Number()),
    r2: Nullable(Type.Number()),
  },
  { ...closed, description: 'How predictions agree with what was measured; undefined is null.' },
)
export type Scores = Static<typeof ScoresSchema>

export const SurrogateEvidenceSchema = Type.Object(
  {
    metric: Type.String(),
    surrogate: SurrogateNameSchema,
    chosen: Type.Boolean(),
    crossValidation: Nullable(
      Type.Object({ folds: Type.Integer(), ...ScoresSchema.properties }, closed),
    ),
    reason: Type.String({
      description: 'Why it was or was not chosen, or why it could not be fitted.',
    }),
    details: Type.Record(Type.String(), Type.Unknown()),
  },
  closed,
)
export type SurrogateEvidence = Static<typeof SurrogateEvidenceSchema>

export const HoldoutEvidenceSchema = Type.Object(
  {
    name: Type.String({ description: 'Name of the hold-out set.' }),
    metric: Type.String(),
    surrogate: SurrogateNameSchema,
    spearman: Nullable(Type.Number({ minimum: -1, maximum: 1 })),
    mae: Nullable(Type.Number()),
    runs: Type.Integer({ description: 'Runs of the set that have the metric.' }),
  },
  {
    ...closed,
    description: 'A surrogate fitted to all training runs, scored on runs it has not seen.',
  },
)
export type HoldoutEvidence = Static<typeof HoldoutEvidenceSchema>

export const BaselineEvidenceSchema = Type.Object(
  {
    name: Type.Union([
      Type.Literal('natural'),
      Type.Literal('uniform'),
      Type.Literal('best-observed'),
    ]),
    weights: MixtureSchema,
    feasible: Type.Boolean({
      description: 'Whether the mixture meets every constraint as it stands.',
    }),
    objective: Type.Number({ description: 'Predicted objective; lower is better.' }),
    predictions: Type.Array(MetricPredictionSchema),
    observed: Nullable(
      Type.Record(Type.String(), Type.Number(), {
        description: 'Measured values, mean over replicates.',
      }),
    ),
    probabilityOfBeating: Type.Number({
      minimum: 0,
      maximum: 1,
      description:
        'Probability, under the surrogates, that one run of the proposal scores better than one of this.',
    }),
  },
  closed,
)
export type BaselineEvidence = Static<typeof BaselineEvidenceSchema>

export const ActiveConstraintSchema = Type.Object(
  {
    kind: Type.Union([
      Type.Literal('minWeight'),
      Type.Literal('maxWeight'),
      Type.Literal('fixedWeight'),
      Type.Literal('maxEpochs'),
      Type.Literal('groupMinimum'),
      Type.Literal('groupMaximum'),
    ]),
    name: Type.String({ description: 'The domain or group it binds.' }),
    limit: Type.Number(),
    cost: Nullable(
      Type.Number({
        description:
          'How much better the predicted objective could be without this constraint (≥ 0, up to the solver’s accuracy).',
      }),
    ),
  },
  closed,
)
export type ActiveConstraint = Static<typeof ActiveConstraintSchema>

export const WARNING_CODES = [
  'extrapolation',
  'too-few-runs',
  'law-does-not-fit',
  'repetition',
  'inside-noise',
  'weights-renormalised',
  'constant-predictions',
  'single-domain-beats-surrogate',
  'weak-evidence',
  'mixed-units',
  'baseline-infeasible',
  'missing-values',
  'unused-budget',
  'candidates-projected',
  'no-prior',
  'fidelity-dropped',
  'runs-left-out',
  'level-unknown',
] as const

export const WarningSchema = Type.Object(
  {
    code: Type.Enum(WARNING_CODES),
    message: Type.String(),
    domain: Type.Optional(Type.String()),
    metric: Type.Optional(Type.String()),
  },
  closed,
)
export type Warning = Static<typeof WarningSchema>

export const RecommendationSchema = Type.Object(
  {
    method: Type.String(),
    params: Type.Record(Type.String(), Type.Unknown()),
    weights: MixtureSchema,
    verdict: Type.Object(
      {
        follows: Type.Union(
          [
            Type.Literal('proposal'),
            Type.Literal('natural'),
            Type.Literal('uniform'),
            Type.Literal('best-observed'),
          ],
          {
            description:
              '`proposal`: `weights` are what the method found. Else the evidence was too weak and `weights` are that baseline.',
          },
        ),
        reason: Type.String(),
      },
      closed,
    ),
    proposal: Type.Object(
      {
        weights: MixtureSchema,
        objective: Nullable(Type.Number({ description: 'Predicted objective; lower is better.' })),
        solver: Type.Record(Type.String(), Type.Unknown()),
      },
      {
        ...closed,
        description: 'What the method found, also when the verdict does not follow it.',
      },
    ),
    epochs: Type.Record(Type.String(), Nullable(Type.Number({ minimum: 0 })), {
      description:
        'Passes over each domain in the target run with `weights`; null without token counts.',
    }),
    predictions: Type.Array(MetricPredictionSchema, { description: 'For `weights`.' }),
    baselines: Type.Array(BaselineEvidenceSchema),
    activeConstraints: Type.Array(ActiveConstraintSchema),
    warnings: Type.Array(WarningSchema),
    evidence: Type.Object(
      {
        runs: Type.Integer({ description: 'Training runs used.' }),
        distinctMixtures: Type.Integer(),
        fidelity: Type.String(),
        surrogates: Type.Array(SurrogateEvidenceSchema),
        holdouts: Type.Array(HoldoutEvidenceSchema),
        distance: Type.Object(
          {
            klToPrior: Nullable(
              Type.Number({ description: 'KL(weights ‖ prior) in nats; null when infinite.' }),
            ),
            l1ToNearestRun: Nullable(Type.Number({ minimum: 0, maximum: 2 })),
          },
          closed,
        ),
      },
      closed,
    ),
    explanation: Type.Optional(ExplanationSchema),
    provenance: Type.Object(
      {
        seed: Type.Integer(),
        problemHash: Type.String(),
        dataHash: Type.String({ description: 'SHA-256 over the training and hold-out runs used.' }),
        version: Type.String({ description: 'Version of Mixwright.' }),
      },
      closed,
    ),
  },
  { ...closed, description: 'Domain weights with the evidence for them.' },
)
export type Recommendation = Static<typeof RecommendationSchema>
