import { type Static, Type } from 'typebox'
import type { ProblemDocument } from '../../errors.js'
import { MixtureSchema } from '../../optimizers/problem.js'
import type {
  MeasurementRecord,
  StudyRecord,
  TrialRecord,
  TrialState,
} from '../../store/records.js'
import type { TrialView } from '../../studies/searches.js'
import { closed, formatTime, IdSchema, Nullable, pageProperties, TimeSchema } from './common.js'
import { ProblemDocumentSchema } from './problems.js'

export const TrialParamsSchema = Type.Object({ studyId: IdSchema, trialId: IdSchema }, closed)

const STATES = [
  'waiting',
  'running',
  'completed',
  'completed-without-metrics',
  'stopped',
  'failed',
  'expired',
  'abandoned',
  'cancelled',
] as const satisfies readonly TrialState[]

export const TrialStateSchema = Type.Enum([...STATES], {
  description:
    '`running`: in training here, or under a lease. `stopped`: early. `failed` and `expired` (lease lost) are offered again while ' +
    'attempts are left; a late result of one that expired is still taken. `abandoned`: never offered again.',
})

export const TrialListQuerySchema = Type.Object(
  {
    ...pageProperties,
    searchId: Type.Optional(
      Type.String({ format: 'uuid', description: 'Only trials of this search.' }),
    ),
    evaluator: Type.Optional(
      Type.Enum(['proxy', 'external'], {
        description: 'Only trials of proxies, or only those that others run.',
      }),
    ),
    state: Type.Optional(Type.Enum([...STATES], { description: 'Only trials in this state.' })),
  },
  closed,
)

export const MeasurementSchema = Type.Object(
  {
    attemptId: IdSchema,
    tokens: Type.Number({ minimum: 0, description: 'Trained on when it was measured.' }),
    values: Type.Record(Type.String(), Type.Number(), { description: 'Metric → value.' }),
    standardErrors: Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
      description: 'Metric → standard error of the value.',
    }),
    details: Type.Record(Type.String(), Type.Unknown(), {
      description: 'What else is known: bits per byte, epochs by domain, training loss.',
    }),
    createdAt: TimeSchema,
  },
  { ...closed, description: 'Metric values of a trial after a number of tokens.' },
)

export const trialProperties = {
  id: IdSchema,
  studyId: IdSchema,
  evaluator: Type.Enum(['proxy', 'external'], {
    description: '`proxy`: trained here. `external`: run by your own trainers, under leases.',
  }),
  searchId: Nullable(IdSchema),
  position: Type.Integer({
    minimum: 0,
    description: 'From 0: in the search, or among the external trials of the study.',
  }),
  fidelity: Type.String(),
  label: Type.String({
    description:
      '`uniform` and `natural` for those baselines, the given name in a comparison or of an attached trial, empty for mixtures of ' +
      'the method.',
  }),
  reason: Type.String({ description: 'Why this mixture, for people.' }),
  weights: MixtureSchema,
  seed: Type.Integer(),
  replicateOf: Nullable(
    Type.String({
      format: 'uuid',
      description: 'The trial whose mixture it repeats, or whose late second result it holds.',
    }),
  ),
  state: TrialStateSchema,
  jobId: Nullable(IdSchema),
  attemptCount: Type.Integer({ minimum: 0, description: 'How often it was begun, or handed out.' }),
  measurement: Nullable(MeasurementSchema),
  problem: Nullable(ProblemDocumentSchema),
  stopRequestedAt: Nullable(
    Type.String({
      format: 'date-time',
      description: 'Since when its client is asked to stop early.',
    }),
  ),
  endReason: Nullable(
    Type.String({ description: 'Why it was stopped early or abandoned, for people.' }),
  ),
  createdAt: TimeSchema,
  finishedAt: Nullable(TimeSchema),
}

export const TrialSchema = Type.Object(trialProperties, {
  ...closed,
  description:
    'A mixture tried at a fidelity. `measurement` is the latest, null before the first; of one that `failed`, `problem` says ' +
    'why.',
})

const LeaseSchema = Type.Object(
  {
    id: IdSchema,
    holder: Type.String({ description: 'The worker, or the client.' }),
    expiresAt: TimeSchema,
    releasedAt: Nullable(TimeSchema),
  },
  { ...closed, description: 'Who works on an attempt, and until when that is believed.' },
)

const AttemptSchema = Type.Object(
  {
    id: IdSchema,
    number: Type.Integer({ minimum: 1 }),
    state: Type.Enum(
      [
        'running',
        'completed',
        'failed',
        'interrupted',
        'lost',
        'cancelled',
        'stopped',
        'superseded',
      ],
      {
        description:
          '`interrupted`: its worker stopped cleanly. `lost`: it gave no sign of life. `stopped`: early. `superseded`: a late ' +
          'result of an earlier attempt completed the trial meanwhile.',
      },
    ),
    problem: Nullable(ProblemDocumentSchema),
    replicateId: Nullable(
      Type.String({
        format: 'uuid',
        description:
          'The trial that holds its result, which came after another attempt had completed this one.',
      }),
    ),
    startedAt: TimeSchema,
    finishedAt: Nullable(TimeSchema),
    leases: Type.Array(LeaseSchema),
  },
  { ...closed, description: 'One go at a trial.' },
)

export const TrialDetailSchema = Type.Object(
  {
    ...trialProperties,
    attempts: Type.Array(AttemptSchema),
    measurements: Type.Array(MeasurementSchema, {
      description:
        'By attempt and tokens, ascending; those of the attempt that completed the trial are last.',
    }),
  },
  { ...closed, description: 'A trial with everything that happened to it.' },
)

type Problem = ProblemDocument | null

function viewMeasurement(measurement: MeasurementRecord): Static<typeof MeasurementSchema> {
  const { trialId: _, ...rest } = measurement
  return { ...rest, createdAt: formatTime(measurement.createdAt) }
}

/** @param study whose trial it is: it gives the weights their domains */
export function viewTrial(
  trial: TrialRecord,
  measurement: MeasurementRecord | undefined,
  { problem }: StudyRecord,
): Static<typeof TrialSchema> {
  const { attempts, weights, ...rest } = trial
  return {
    ...rest,
    weights: Object.fromEntries(problem.domains.map(({ name }, j) => [name, weights[j]])),
    attemptCount: attempts,
    measurement: measurement ? viewMeasurement(measurement) : null,
    problem: trial.problem as Problem,
    stopRequestedAt: formatTime(trial.stopRequestedAt),
    createdAt: formatTime(trial.createdAt),
    finishedAt: formatTime(trial.finishedAt),
  }
}

export function viewTrialDetail(view: TrialView): Static<typeof TrialDetailSchema> {
  const { trial, study, attempts } = view
  const { measurements } = view
  return {
    ...viewTrial(trial, measurements.at(-1), study),
    attempts: attempts.map(({ trialId: _, leases, ...attempt }) => ({
      ...attempt,
      problem: attempt.problem as Problem,
      startedAt: formatTime(attempt.startedAt),
      finishedAt: formatTime(attempt.finishedAt),
      leases: leases.map(({ attemptId: _, ...lease }) => ({
        ...lease,
        expiresAt: formatTime(lease.expiresAt),
        releasedAt: formatTime(lease.releasedAt),
      })),
    })),
    measurements: measurements.map(viewMeasurement),
  }
}
