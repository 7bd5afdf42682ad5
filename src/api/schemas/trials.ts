import { type Static, Type } from 'typebox'
import type { ProblemDocument } from '../../errors.js'
import { MixtureSchema } from '../../optimizers/problem.js'
import type { MeasurementRecord, StudyRecord, TrialRecord } from '../../store/records.js'
import type { TrialView } from '../../studies/searches.js'
import { closed, formatTime, IdSchema, Nullable, pageProperties, TimeSchema } from './common.js'
import { ProblemDocumentSchema } from './problems.js'

export const TrialParamsSchema = Type.Object({ studyId: IdSchema, trialId: IdSchema }, closed)

const TrialStateSchema = Type.Enum(['waiting', 'running', 'completed', 'failed', 'cancelled'])

export const TrialListQuerySchema = Type.Object(
  {
    ...pageProperties,
    searchId: Type.Optional(
      Type.String({ format: 'uuid', description: 'Only trials of this search.' }),
    ),
    state: Type.Optional(
      Type.Enum(['waiting', 'running', 'completed', 'failed', 'cancelled'], {
        description: 'Only trials in this state.',
      }),
    ),
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

const trialProperties = {
  id: IdSchema,
  studyId: IdSchema,
  searchId: IdSchema,
  position: Type.Integer({ minimum: 0, description: 'In the search, from 0.' }),
  fidelity: Type.String(),
  label: Type.String({
    description:
      '`uniform` and `natural` for those baselines, the given name in a comparison, empty for mixtures of the method.',
  }),
  reason: Type.String({ description: 'Why this mixture, for people.' }),
  weights: MixtureSchema,
  seed: Type.Integer(),
  state: TrialStateSchema,
  jobId: IdSchema,
  attemptCount: Type.Integer({ minimum: 0, description: 'How often its training was begun.' }),
  measurement: Nullable(MeasurementSchema),
  problem: Nullable(ProblemDocumentSchema),
  createdAt: TimeSchema,
  finishedAt: Nullable(TimeSchema),
}

export const TrialSchema = Type.Object(trialProperties, {
  ...closed,
  description:
    'A mixture tried with a proxy model. `measurement` is the latest, null before the first; `failed`: set aside after ' +
    'the last attempt, and `problem` says why.',
})

const LeaseSchema = Type.Object(
  {
    id: IdSchema,
    holder: Type.String({ description: 'The worker.' }),
    expiresAt: TimeSchema,
    releasedAt: Nullable(TimeSchema),
  },
  { ...closed, description: 'Who works on an attempt, and until when that is believed.' },
)

const AttemptSchema = Type.Object(
  {
    id: IdSchema,
    number: Type.Integer({ minimum: 1 }),
    state: Type.Enum(['running', 'completed', 'failed', 'interrupted', 'lost', 'cancelled'], {
      description:
        '`interrupted`: its worker stopped cleanly. `lost`: its worker gave no sign of life.',
    }),
    problem: Nullable(ProblemDocumentSchema),
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
    measurements: Type.Array(MeasurementSchema, { description: 'By tokens, ascending.' }),
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
    createdAt: formatTime(trial.createdAt),
    finishedAt: formatTime(trial.finishedAt),
  }
}

export function viewTrialDetail(view: TrialView): Static<typeof TrialDetailSchema> {
  const { trial, study, attempts } = view
  const measurements = view.measurements.toSorted((a, b) => a.tokens - b.tokens)
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
