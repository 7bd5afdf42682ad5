import { type Static, type TSchema, Type } from 'typebox'
import { MixtureSchema } from './problem.js'

const closed = { additionalProperties: false } as const
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

const Predicted = Type.Object(
  {
    weights: MixtureSchema,
    mean: Type.Number({ description: 'Predicted objective; lower is better.' }),
    sd: Type.Number({ minimum: 0, description: 'Of the objective without the noise of a run.' }),
  },
  closed,
)

const RankAgreementSchema = Type.Object(
  {
    measured: Nullable(
      Type.Number({ minimum: -1, maximum: 1, description: "Spearman's, of the pairs alone." }),
    ),
    pairs: Type.Integer({ minimum: 0 }),
    estimate: Type.Number({
      minimum: -1,
      maximum: 1,
      description: 'With what is expected beforehand: around 0.7.',
    }),
    lower: Type.Number({ description: 'Lower end of its 90 % interval.' }),
    upper: Type.Number({ description: 'Upper end of its 90 % interval.' }),
  },
  { ...closed, description: 'How two lists of scores agree in rank.' },
)

export const ExplanationSchema = Type.Object(
  {
    fidelities: Type.Array(
      Type.Object(
        {
          name: Type.String(),
          runs: Type.Integer({ minimum: 0 }),
          cost: Type.Number({ description: 'Of one run.' }),
          spent: Type.Number({ description: 'Of all its runs.' }),
          used: Type.Boolean({
            description: 'False when the guard found that it does not inform.',
          }),
          shared: Type.Integer({
            minimum: 0,
            description: 'Mixtures that were run at the target, too.',
          }),
          withTarget: Nullable(RankAgreementSchema),
          withItself: Nullable(RankAgreementSchema),
          best: Nullable(Predicted),
          trace: Type.Array(
            Type.Object({ run: Type.Integer(), objective: Type.Number() }, closed),
            { description: 'Best measured objective so far, at the runs that improved it.' },
          ),
        },
        closed,
      ),
      { description: 'The target is last.' },
    ),
    correlations: Type.Array(
      Type.Object(
        {
          between: Type.Array(Type.String(), { minItems: 2, maxItems: 2 }),
          correlation: Type.Number({ minimum: -1, maximum: 1 }),
        },
        closed,
      ),
      {
        description:
          'Learned correlation of the scores of one mixture at two fidelities, without noise.',
      },
    ),
    responses: Type.Array(
      Type.Object(
        {
          domain: Type.String(),
          points: Type.Array(
            Type.Object(
              {
                weight: Type.Number(),
                mean: Type.Number(),
                lower: Type.Number(),
                upper: Type.Number(),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
      {
        description:
          'Predicted objective at the target, with its 90 % band, when one weight of the proposal is changed within its bounds and the others ' +
          'keep their proportions. Other constraints are not looked at.',
      },
    ),
  },
  { ...closed, description: 'What a model over mixtures and fidelities has learned.' },
)
export type Explanation = Static<typeof ExplanationSchema>
