import { type Static, Type } from 'typebox'
import { ImportedRunSchema } from '../../formats/importers/index.js'
import { NameSchema, ProblemSchema } from '../../optimizers/problem.js'
import type { BacktestRecord, ListedBacktest } from '../../store/backtest-contract.js'
import { DEFAULT_MAX_RUNS, DEFAULT_SEEDS } from '../../studies/backtest-plan.js'
import { BacktestReportSchema } from './backtest-reports.js'
import {
  closed,
  formatTime,
  HashSchema,
  IdSchema,
  Nullable,
  ParamsSchema,
  pageProperties,
  SeedSchema,
  TimeSchema,
} from './common.js'
import { newBacktestExample, newInlineBacktestExample } from './examples/backtests.js'

/** Costs and budgets beyond it are a slip of the keyboard. */
const LARGEST_COST = 1e15

/** As many as a problem has. */
const MOST_FIDELITIES = 50

/** A name of something declared elsewhere, which is none if it is longer. */
const SOME_NAME = { maxLength: 200 }

const Cost = (description: string) =>
  Type.Number({ exclusiveMinimum: 0, maximum: LARGEST_COST, description })

const MethodToReplaySchema = Type.Object(
  {
    label: Type.Optional(
      Type.String({
        ...NameSchema,
        description:
          'Names it in the report; no white space at its ends and no line breaks in it. Default: the name of the method.',
      }),
    ),
    method: Type.String({ ...SOME_NAME, description: 'A name from `GET /v1/methods`.' }),
    params: Type.Optional(ParamsSchema),
    fidelities: Type.Optional(
      Type.Array(Type.String(SOME_NAME), {
        minItems: 1,
        maxItems: MOST_FIDELITIES,
        description:
          'Where it may try mixtures. Default: all that have runs and cost no more than the target.',
      }),
    ),
  },
  { ...closed, description: 'A method to replay.' },
)

const TableSchema = Type.Object(
  {
    fidelity: Type.Optional(
      Type.String({
        ...NameSchema,
        description:
          'Where the runs were made; no white space at its ends and no line breaks in it. May be left out when the problem has one fidelity.',
      }),
    ),
    runs: Type.Array(ImportedRunSchema, { minItems: 1 }),
  },
  { ...closed, description: 'Runs at one fidelity.' },
)

export const NewBacktestSchema = Type.Object(
  {
    study: Type.Optional(
      Type.String({
        format: 'uuid',
        description:
          'Id of the study whose training runs and completed trials are replayed. Either this, or `problem` and `tables`.',
      }),
    ),
    problem: Type.Optional(ProblemSchema),
    tables: Type.Optional(
      Type.Array(TableSchema, {
        minItems: 1,
        maxItems: MOST_FIDELITIES,
        description: 'The runs that are replayed, one entry a fidelity of `problem`.',
      }),
    ),
    target: Type.Optional(
      Type.String({
        ...SOME_NAME,
        description:
          'The fidelity that mixtures are chosen for; its runs are the mixtures to choose among. Default: of those that have runs the one ' +
          'closest to the target run, by `order`, whatever they cost; it has to be said where several are equally close.',
      }),
    ),
    costs: Type.Optional(
      Type.Record(Type.String(), Cost('Cost of a run.'), {
        maxProperties: MOST_FIDELITIES,
        propertyNames: SOME_NAME,
        description:
          'Fidelity → cost of a run, in any one unit, in place of the costs of the problem. With runs at several fidelities every one ' +
          'needs a cost, here or in the problem; a study that says nothing of costs has 1 for each, which is taken for none.',
        examples: [{ '1M': 0.001, '60M': 0.06, '1B': 1 }],
      }),
    ),
    methods: Type.Optional(
      Type.Array(MethodToReplaySchema, {
        minItems: 1,
        maxItems: 20,
        description:
          "Default: `random`, the study's own method with its parameters but `previous` (without a study `mixing-laws`), and `admire`. The " +
          'parameter `previous` is refused: a replay knows only the runs that it has made itself.',
      }),
    ),
    seeds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 200,
        default: DEFAULT_SEEDS,
        description: 'How many seeds each method is replayed with.',
      }),
    ),
    seed: Type.Optional({ ...SeedSchema, description: 'The first seed. Default 42.' }),
    budget: Type.Optional(
      Cost(
        'What a replay may cost, in the unit of the costs. Default: the largest of `budgets`; without them 20 runs at the target, or all ' +
          'where it has fewer.',
      ),
    ),
    budgets: Type.Optional(
      Type.Array(Cost('A cost.'), {
        minItems: 1,
        maxItems: 50,
        description:
          'The costs after which the four numbers are reported. Default: about geometric, up to the budget.',
      }),
    ),
    maxRuns: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 5000,
        default: DEFAULT_MAX_RUNS,
        description: 'Runs after which a replay ends.',
      }),
    ),
    tolerance: Type.Optional(
      Type.Number({
        minimum: 0,
        description:
          'How far from the best counts as found, in the unit of the objective. Default: 5 % of the standard deviation of the objective ' +
          'over the runs at the target.',
      }),
    ),
    shuffle: Type.Optional(
      Type.Array(Type.String(SOME_NAME), {
        maxItems: MOST_FIDELITIES,
        description:
          'Fidelities whose scores are permuted anew with each seed: what methods do where there is nothing to learn.',
      }),
    ),
  },
  {
    ...closed,
    description: 'What is to be replayed; what is left out has a default.',
    examples: [newBacktestExample, newInlineBacktestExample],
  },
)

const SettingsSchema = Type.Object(
  {
    target: Type.String(),
    costs: Type.Record(Type.String(), Type.Number(), {
      description: 'Fidelity → cost of a run, of those that have runs.',
    }),
    methods: Type.Array(
      Type.Object(
        {
          label: Type.String(),
          method: Type.String(),
          params: ParamsSchema,
          fidelities: Type.Array(Type.String()),
        },
        closed,
      ),
    ),
    seeds: Type.Integer(),
    seed: Type.Integer(),
    budget: Type.Number(),
    budgets: Type.Array(Type.Number()),
    maxRuns: Type.Integer(),
    tolerance: Type.Number(),
    shuffle: Type.Array(Type.String()),
  },
  { ...closed, description: 'The request with every default written out.' },
)

const aboutRequest = {
  id: IdSchema,
  studyId: Nullable(IdSchema),
  jobId: IdSchema,
  settings: SettingsSchema,
}

const aboutCourse = {
  dataHash: HashSchema,
  createdAt: TimeSchema,
  finishedAt: Nullable(TimeSchema),
}

export const ListedBacktestSchema = Type.Object(
  {
    ...aboutRequest,
    imports: Type.Integer({ description: 'How many imports of the study are replayed.' }),
    trials: Type.Integer({ description: 'How many trials of the study are replayed.' }),
    ...aboutCourse,
  },
  {
    ...closed,
    description: 'A backtest in a list, without its report.',
  },
)

export const BacktestSchema = Type.Object(
  {
    ...aboutRequest,
    importIds: Type.Array(IdSchema, { description: 'The imports that are replayed.' }),
    trialIds: Type.Array(IdSchema, { description: 'The trials that are replayed.' }),
    ...aboutCourse,
    report: Nullable(BacktestReportSchema),
  },
  {
    ...closed,
    description: 'Methods replayed on runs; `report` is null until its job succeeds.',
  },
)

export const BacktestParamsSchema = Type.Object({ backtestId: IdSchema }, closed)

export const BacktestListQuerySchema = Type.Object(
  {
    ...pageProperties,
    studyId: Type.Optional(
      Type.String({ format: 'uuid', description: 'Only backtests of this study.' }),
    ),
  },
  closed,
)

export function viewListedBacktest(backtest: ListedBacktest): Static<typeof ListedBacktestSchema> {
  const { imports, trials } = backtest
  return { ...viewCommon(backtest), imports, trials }
}

export function viewBacktest(backtest: BacktestRecord): Static<typeof BacktestSchema> {
  const { importIds, trialIds, report } = backtest
  return { ...viewCommon(backtest), importIds, trialIds, report }
}

function viewCommon(backtest: BacktestRecord | ListedBacktest) {
  const { id, studyId, jobId, settings, dataHash } = backtest
  return {
    ...{ id, studyId, jobId, settings, dataHash },
    createdAt: formatTime(backtest.createdAt),
    finishedAt: formatTime(backtest.finishedAt),
  }
}
