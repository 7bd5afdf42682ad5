import { type Static, Type } from 'typebox'
import { MixtureSchema } from '../../optimizers/problem.js'
import type { AttachedTrial } from '../../studies/attached-trials.js'
import type { Directive, ReportedTrial } from '../../studies/external-trials.js'
import { closed, IdSchema, Nullable } from './common.js'
import {
  abandonmentExample,
  completionExample,
  failureExample,
  heartbeatExample,
  newMeasurementExample,
  newTrialExample,
} from './examples/external-trials.js'
import {
  ClientSchema,
  ExternalFidelitySchema,
  HeldLeaseSchema,
  viewHeldLease,
} from './suggestions.js'
import { TrialStateSchema, trialProperties, viewTrial } from './trials.js'

const MOST_METRICS = 500
const MOST_DETAILS = 1000

const measurementProperties = {
  tokens: Type.Number({
    minimum: 0,
    maximum: 1e18,
    description: 'Trained on when it was measured. It grows from measurement to measurement.',
  }),
  values: Type.Record(Type.String(), Type.Number(), {
    minProperties: 1,
    maxProperties: MOST_METRICS,
    description: 'Metric of the study → value.',
  }),
  standardErrors: Type.Optional(
    Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
      maxProperties: MOST_METRICS,
      description: 'Metric → standard error of the value.',
    }),
  ),
  details: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      maxProperties: MOST_DETAILS,
      description: 'Whatever else is known, for people: step, learning rate, throughput.',
    }),
  ),
}

export const MetricValuesSchema = Type.Object(measurementProperties, {
  ...closed,
  description: 'Metric values of a trial after a number of tokens.',
})

const holding = {
  client: ClientSchema,
  lease: Type.String({ format: 'uuid', description: '`lease.id`, as it came with the trial.' }),
}

/** For people. Characters that control terminals have no place in it. */
const TEXT = '^[^\\p{Cc}\\p{Cf}]*$'
const ReasonSchema = Type.String({
  maxLength: 2000,
  pattern: TEXT,
  description: 'For people, on one line.',
})

export const NewTrialSchema = Type.Object(
  {
    mixture: MixtureSchema,
    fidelity: Type.Optional(ExternalFidelitySchema),
    label: Type.Optional(
      Type.String({
        maxLength: 200,
        pattern: TEXT,
        description: 'A name for people, on one line. Default: none.',
      }),
    ),
    client: Type.Optional(ClientSchema),
    replicateOf: Type.Optional(
      Type.String({
        format: 'uuid',
        description: 'The trial whose mixture this one repeats on purpose.',
      }),
    ),
    result: Type.Optional(MetricValuesSchema),
    lease: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Whether `client` trains it itself, now. Otherwise it waits to be handed out.',
      }),
    ),
  },
  {
    ...closed,
    description:
      'A mixture of your own. It sums to 1 within 1e-6; a domain that is left out has weight 0. It need not meet the constraints. With ' +
      '`result` the trial is completed.',
    examples: [newTrialExample],
  },
)

export const AttachedTrialSchema = Type.Object(
  {
    ...trialProperties,
    lease: Nullable(HeldLeaseSchema),
    warnings: Type.Array(
      Type.Object({ code: Type.Enum(['outside-constraints']), message: Type.String() }, closed),
      { description: 'What did not keep the trial from being taken.' },
    ),
  },
  { ...closed, description: 'A trial with a mixture that a client has chosen.' },
)

export const HeartbeatSchema = Type.Object(holding, {
  ...closed,
  description: 'A sign of life.',
  examples: [heartbeatExample],
})

export const NewMeasurementSchema = Type.Object(
  { ...holding, ...measurementProperties },
  {
    ...closed,
    description: 'What a trial was measured at.',
    examples: [newMeasurementExample],
  },
)

export const DirectiveSchema = Type.Object(
  {
    trial: Type.Object({ id: IdSchema, state: TrialStateSchema }, closed),
    directive: Type.Enum(['continue', 'stop'], {
      description:
        '`stop`: end the training now, and complete the trial with the outcome `stopped` if it has a lease.',
    }),
    reason: Nullable(Type.String({ description: 'Why it is to stop, for people.' })),
    lease: Nullable(HeldLeaseSchema),
  },
  { ...closed, description: 'What a client is to do next. Without a lease, the trial has ended.' },
)

export const CompletionSchema = Type.Object(
  {
    ...holding,
    measurement: Type.Optional(MetricValuesSchema),
    outcome: Type.Optional(
      Type.Enum(['completed', 'stopped', 'without-metrics'], {
        default: 'completed',
        description:
          '`completed`: trained to its end, and measured with all metrics of the objective, here or before. `stopped`: early. ' +
          '`without-metrics`: trained to its end; the metrics may follow in another completion, or never. Default `completed`.',
      }),
    ),
    reason: Type.Optional(ReasonSchema),
  },
  { ...closed, description: 'The end of a trial.', examples: [completionExample] },
)

export const FailureSchema = Type.Object(
  {
    ...holding,
    detail: Type.String({ minLength: 1, maxLength: 10_000, description: 'What happened.' }),
    code: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$',
        description: 'Your own word for this kind of failure.',
      }),
    ),
    retry: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'Whether it may be handed out again while attempts are left. Default true.',
      }),
    ),
  },
  { ...closed, description: 'Why an attempt came to nothing.', examples: [failureExample] },
)

export const AbandonmentSchema = Type.Object(
  { reason: Type.Optional(ReasonSchema) },
  { ...closed, description: 'Why a trial is given up.', examples: [abandonmentExample] },
)

export function viewDirective(directive: Directive): Static<typeof DirectiveSchema> {
  const { trial, lease, leaseSeconds } = directive
  return {
    trial: { id: trial.id, state: trial.state },
    directive: directive.directive,
    reason: directive.reason,
    lease: lease && viewHeldLease(lease, trial.attempts, leaseSeconds),
  }
}

export function viewReportedTrial({ trial, measurement, study }: ReportedTrial) {
  return viewTrial(trial, measurement, study)
}

export function viewAttachedTrial({
  trial,
  measurement,
  study,
  held,
  warnings,
}: AttachedTrial): Static<typeof AttachedTrialSchema> {
  const { leaseSeconds } = study.trialPolicy
  return {
    ...viewTrial(trial, measurement, study),
    lease: held ? viewHeldLease(held.lease, held.attempt.number, leaseSeconds) : null,
    warnings,
  }
}
