import { type Static, Type } from 'typebox'
import type { AttemptRecord, LeaseRecord, StudyRecord } from '../../store/records.js'
import type { Suggestions } from '../../studies/suggestions.js'
import { closed, formatTime, IdSchema, TimeSchema } from './common.js'
import { suggestionRequestExample } from './examples/external-trials.js'
import { trialProperties, viewTrial } from './trials.js'

export const ClientSchema = Type.String({
  pattern: '^[A-Za-z0-9_](?:[A-Za-z0-9 _.:@#+=-]{0,198}[A-Za-z0-9_])?$',
  description:
    'Names who trains: 1 to 200 letters, digits, spaces and _ . : @ # + = -, with a letter, a digit or _ at both ends. Every trainer ' +
    'has a name of its own: whoever asks under a name gets the unfinished trials of the name.',
})

export const ExternalFidelitySchema = Type.String({
  maxLength: 200,
  description: 'A fidelity with the evaluator `external`. Default: the cheapest one.',
})

const MOST_SUGGESTIONS = 100

export const SuggestionRequestSchema = Type.Object(
  {
    client: ClientSchema,
    count: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MOST_SUGGESTIONS,
        default: 1,
        description: 'Trials that the client can train at the same time. Default 1.',
      }),
    ),
    fidelity: Type.Optional(
      Type.String({
        ...ExternalFidelitySchema,
        description:
          'A fidelity with the evaluator `external`. Default: the cheapest one; for new mixtures of a method that chooses ' +
          'fidelities (`capabilities.fidelities` and `adaptive`), the one that it chooses.',
      }),
    ),
  },
  { ...closed, description: 'Who asks for trials.', examples: [suggestionRequestExample] },
)

export const HeldLeaseSchema = Type.Object(
  {
    id: IdSchema,
    attempt: Type.Integer({ minimum: 1, description: 'How often the trial was handed out.' }),
    expiresAt: TimeSchema,
    seconds: Type.Number({
      description: 'How long it lasts without a sign of life: a heartbeat or a measurement.',
    }),
  },
  {
    ...closed,
    description:
      'The trial is this client’s until it expires. Its id goes with every report about the trial.',
  },
)

export const SuggestedTrialSchema = Type.Object(
  { ...trialProperties, lease: HeldLeaseSchema },
  { ...closed, description: 'A trial to train, with the lease on it.' },
)

export const SuggestionsSchema = Type.Object(
  {
    trials: Type.Array(SuggestedTrialSchema),
    exhausted: Type.Boolean({
      description:
        'Nothing can be handed out, and nothing will be by itself. When `trials` is empty and this is false, other clients have what is ' +
        'left, or an adaptive method waits for their results: ask again after the seconds in `Retry-After`.',
    }),
  },
  {
    ...closed,
    description:
      'Trials for a client: those it holds already, then those offered again, then new mixtures.',
  },
)

/** @param number of the attempt under the lease */
export function viewHeldLease(
  { id, expiresAt }: LeaseRecord,
  number: AttemptRecord['number'],
  seconds: number,
): Static<typeof HeldLeaseSchema> {
  return { id, attempt: number, expiresAt: formatTime(expiresAt), seconds }
}

export function viewSuggestions({
  study,
  trials,
  exhausted,
}: Suggestions & { study: StudyRecord }): Static<typeof SuggestionsSchema> {
  const { leaseSeconds } = study.trialPolicy
  return {
    trials: trials.map(({ trial, attempt, lease, measurement }) => ({
      ...viewTrial(trial, measurement, study),
      lease: viewHeldLease(lease, attempt.number, leaseSeconds),
    })),
    exhausted,
  }
}
