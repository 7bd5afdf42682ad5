import { Type } from 'typebox'
import { RecommendationSchema } from '../../optimizers/recommendation.js'
import { closed, Nullable } from './common.js'

const EstimateSchema = Type.Object(
  {
    mean: Type.Number(),
    lower: Type.Number({ description: 'Lower end of the 95 % interval of the mean.' }),
    upper: Type.Number({ description: 'Upper end of the 95 % interval of the mean.' }),
    seeds: Type.Integer({ description: 'Seeds that have a value.' }),
  },
  { ...closed, description: 'Mean over the seeds; the interval is by Student’s t.' },
)

const BudgetSummarySchema = Type.Object(
  {
    cost: Type.Number({ description: 'Of all runs made by then, at most.' }),
    runningBest: Nullable(
      Type.Object(EstimateSchema.properties, {
        ...closed,
        description:
          'Best true score among all mixtures that the method would have recommended so far. Nobody has paid for them: it flatters methods ' +
          'that often change their minds, and is here because publications report it.',
      }),
    ),
    pick: Nullable(
      Type.Object(EstimateSchema.properties, {
        ...closed,
        description: 'True score of the mixture that the method would recommend now.',
      }),
    ),
    paid: Nullable(
      Type.Object(EstimateSchema.properties, {
        ...closed,
        description: 'Best score among the runs made at the target.',
      }),
    ),
    regret: Nullable(
      Type.Object(EstimateSchema.properties, {
        ...closed,
        description: '`pick` less the score of the best mixture there is: 0 is perfect.',
      }),
    ),
  },
  {
    ...closed,
    description:
      'The four numbers after a cost. Scores are the objective measured at the target, lower is better. Null where no seed has a value.',
  },
)

const EntrySummarySchema = Type.Object(
  {
    label: Type.String(),
    method: Type.String(),
    budgets: Type.Array(BudgetSummarySchema),
    runs: Type.Record(Type.String(), Type.Number(), {
      description: 'Fidelity → runs made by the end, mean over the seeds.',
    }),
    ends: Type.Object(
      {
        budget: Type.Integer({ description: 'The next run was not within the budget.' }),
        runs: Type.Integer({ description: '`maxRuns` were made.' }),
        'nothing-left': Type.Integer({ description: 'Every mixture was run.' }),
        stopped: Type.Integer({ description: 'The method had nothing more to suggest.' }),
      },
      { ...closed, description: 'How many replays ended for which reason.' },
    ),
    optimumPaid: Type.Object(
      {
        share: Type.Number({ minimum: 0, maximum: 1, description: 'Seeds that ran it.' }),
        medianTargetRuns: Nullable(
          Type.Number({ description: 'Runs at the target until then, this one included.' }),
        ),
        medianCost: Nullable(Type.Number({ description: 'Of all runs until then.' })),
      },
      {
        ...closed,
        description:
          'When the best mixture was run at the target. Seeds without it count as never; a median is null where half of them or more ' +
          'never ran it.',
      },
    ),
    withinTolerance: Type.Object(
      {
        share: Type.Number({ minimum: 0, maximum: 1, description: 'Seeds that ended within it.' }),
        medianCost: Nullable(Type.Number()),
      },
      {
        ...closed,
        description:
          'The cost from which on the pick stays within the tolerance of the best. Seeds that end outside count as never.',
      },
    ),
  },
  { ...closed, description: 'How one method did.' },
)

export const BacktestReportSchema = Type.Object(
  {
    target: Type.String(),
    candidates: Type.Integer({ description: 'Mixtures to choose among.' }),
    best: Type.Number({ description: 'Score of the best mixture there is.' }),
    mean: Type.Number({
      description: 'Of all candidates: what a mixture taken blindly can expect.',
    }),
    tolerance: Type.Number(),
    seeds: Type.Array(Type.Integer()),
    entries: Type.Array(EntrySummarySchema),
    provenance: RecommendationSchema.properties.provenance,
  },
  {
    ...closed,
    description:
      'What each method would have found, and what it would have cost. The same settings and provenance give the same report.',
  },
)
