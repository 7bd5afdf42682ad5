import { type Static, Type } from 'typebox'
import type { ProblemDocument } from '../../errors.js'
import { MixtureSchema, NameSchema } from '../../optimizers/problem.js'
import type { SearchView } from '../../studies/searches.js'
import { closed, formatTime, IdSchema, Nullable, SeedSchema, TimeSchema } from './common.js'
import { newComparisonExample, newSearchExample } from './examples/searches.js'
import { ProblemDocumentSchema } from './problems.js'

export const SearchParamsSchema = Type.Object({ studyId: IdSchema, searchId: IdSchema }, closed)

export const NewSearchSchema = Type.Object(
  {
    fidelity: Type.Optional(
      Type.String({
        description:
          'A fidelity with the evaluator `proxy`. Default: of those, the one closest to the target run; a method that chooses ' +
          'fidelities (`capabilities.fidelities` and `adaptive`) has the choice of all of them.',
      }),
    ),
    trials: Type.Optional(
      Type.Integer({
        minimum: 2,
        maximum: 10_000,
        description:
          'Proxies to train, those of the uniform and the natural mixture included; at least one more than there are ' +
          'domains, where the method learns from no other runs. An adaptive method may stop before. Default: 4 (m + 1) for m ' +
          'domains; of an adaptive method with a `budget`, as many as it pays for.',
      }),
    ),
    budget: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1e15,
        description:
          "Most that the trials may cost in all, in the unit of the fidelities' `cost`. Default: no bound but `trials`.",
      }),
    ),
    parallel: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        description:
          'Of an adaptive method: trials in flight at a time. Each further one is chosen when there is room for it, by what was measured ' +
          'until then. Default: as many as the process that is asked trains at a time.',
      }),
    ),
    seed: Type.Optional(SeedSchema),
  },
  { ...closed, description: 'A search to start.', examples: [newSearchExample] },
)

const MOST_COMPARED = 20

export const NewComparisonSchema = Type.Object(
  {
    mixtures: Type.Record(Type.String(), MixtureSchema, {
      minProperties: 1,
      maxProperties: MOST_COMPARED,
      propertyNames: NameSchema,
      description:
        'Name → mixture. Each sums to 1 within 1e-6; a domain that is left out has weight 0. They need not meet the ' +
        'constraints.',
    }),
    replicates: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MOST_COMPARED,
        description: 'Seeds for each mixture; all mixtures have the same ones. Default 2.',
      }),
    ),
    fidelity: Type.Optional(
      Type.String({
        description:
          'A fidelity with the evaluator `proxy`. Default: of those, the one closest to the target run.',
      }),
    ),
    seed: NewSearchSchema.properties.seed,
  },
  {
    ...closed,
    description: 'Mixtures to train side by side.',
    examples: [newComparisonExample],
  },
)

export const PurposeSchema = Type.Enum(['search', 'comparison'], {
  description: '`comparison`: given mixtures, each with several seeds; it ends without a fit.',
})

const trialCount = Type.Integer({ minimum: 0 })

export const SearchSchema = Type.Object(
  {
    id: IdSchema,
    studyId: IdSchema,
    purpose: PurposeSchema,
    fidelity: Type.String({
      description: 'Where the fit is made, and the trials are, unless `fidelities` says otherwise.',
    }),
    fidelities: Nullable(
      Type.Array(Type.String(), {
        description: 'Those among which the method chooses for each trial; null where it does not.',
      }),
    ),
    trials: Type.Integer({
      description: 'Proxies to train; at most, where they are chosen one after the other.',
    }),
    budget: Nullable(
      Type.Number({ description: 'Most that the trials may cost in all; null without a bound.' }),
    ),
    parallel: Nullable(
      Type.Integer({
        description:
          'Trials in flight at a time, where they are chosen one after the other; null where all were chosen at the start.',
      }),
    ),
    seed: Type.Integer(),
    state: Type.Enum(['running', 'fitting', 'finished', 'failed', 'cancelled'], {
      description: '`fitting`: all trials have ended, and the method learns from them.',
    }),
    counts: Type.Object(
      {
        waiting: trialCount,
        running: trialCount,
        completed: trialCount,
        failed: trialCount,
        cancelled: trialCount,
      },
      { ...closed, description: 'Trials by state. `failed`: set aside after the last attempt.' },
    ),
    fitId: Nullable(IdSchema),
    problem: Nullable(ProblemDocumentSchema),
    version: Type.Integer({ description: 'Raised by every change.' }),
    createdAt: TimeSchema,
    finishedAt: Nullable(TimeSchema),
  },
  {
    ...closed,
    description: 'One go at a study with proxies that Mixwright trains: trials, then a fit.',
  },
)

export function viewSearch({ search, counts }: SearchView): Static<typeof SearchSchema> {
  return {
    ...search,
    counts,
    problem: search.problem as ProblemDocument | null,
    createdAt: formatTime(search.createdAt),
    finishedAt: formatTime(search.finishedAt),
  }
}
