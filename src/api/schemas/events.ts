import { type Static, type TSchema, Type } from 'typebox'
import type { StudyEvent } from '../../studies/events.js'
import { closed, IdSchema, Nullable } from './common.js'
import { PurposeSchema } from './searches.js'
import { TrialStateSchema } from './trials.js'

const trial = { trialId: IdSchema, searchId: IdSchema }
const position = Type.Integer({ minimum: 0 })
/** Of searches, or run by others. */
const anyTrial = {
  trialId: IdSchema,
  searchId: Nullable(IdSchema),
  position: Type.Optional(position),
}
const external = { trialId: IdSchema, searchId: Type.Null(), position }
const named = { fidelity: Type.String(), label: Type.String() }
const reason = Nullable(Type.String({ description: 'For people.' }))
const tokens = Type.Number({ minimum: 0, description: 'Trained on so far.' })
const objective = Nullable(
  Type.Number({
    description: "The study's objective; lower is better. Null when a metric of it is missing.",
  }),
)
const attempt = Type.Integer({ minimum: 1 })
const failure = {
  code: Type.String({ description: 'Of the catalogue: GET /problems/{code}.' }),
  detail: Type.String(),
}

const object = <P extends Record<string, TSchema>>(properties: P) => Type.Object(properties, closed)

/** The `data` of every event, by its name. */
const EVENT_DATA = {
  'search-started': object({
    searchId: IdSchema,
    purpose: PurposeSchema,
    fidelity: Type.String(),
    trials: Type.Integer({ minimum: 0 }),
  }),
  'trial-started': object({
    ...trial,
    position: Type.Integer({ minimum: 0 }),
    ...named,
    attempt,
  }),
  'trial-progress': object({
    ...trial,
    tokens,
    totalTokens: Type.Number({ minimum: 0 }),
    loss: Type.Number({ description: 'Training loss since the event before, nats per token.' }),
    tokensPerSecond: Type.Number({ minimum: 0 }),
  }),
  'trial-measured': object({
    ...anyTrial,
    tokens,
    values: Type.Record(Type.String(), Type.Number(), { description: 'Metric → value.' }),
    objective,
  }),
  'trial-completed': object({ ...anyTrial, position, objective }),
  'trial-retried': object({ ...trial, attempt, detail: Type.String() }),
  'trial-failed': object({ ...anyTrial, ...failure }),
  'trial-cancelled': object(anyTrial),
  'trial-suggested': object({ ...external, ...named, client: Type.String(), attempt }),
  'trial-attached': object({ ...external, ...named, state: TrialStateSchema }),
  'trial-stop-requested': object({ ...external, reason: Type.String() }),
  'trial-stopped': object({ ...external, reason }),
  'trial-expired': object(external),
  'trial-resumed': object(external),
  'trial-abandoned': object({ ...external, reason }),
  'fit-started': object({ fitId: IdSchema, jobId: IdSchema, searchId: IdSchema }),
  'search-finished': object({ searchId: IdSchema, fitId: Nullable(IdSchema) }),
  'search-failed': object({ searchId: IdSchema, ...failure }),
  'search-cancelled': object({ searchId: IdSchema }),
} satisfies Record<StudyEvent['type'], TSchema>

type EventData = typeof EVENT_DATA

/** Fails to compile when the schemas and the type of the events part ways. */
type Documented = {
  [T in keyof EventData]: { type: T; data: Static<EventData[T]> }
}[keyof EventData]
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
export const EVENTS_ARE_DOCUMENTED: Same<Documented, StudyEvent> = true

const DESCRIPTIONS: Record<StudyEvent['type'], string> = {
  'search-started': 'Its trials wait for a worker.',
  'trial-started': 'A worker trains it; `attempt` counts from 1.',
  'trial-progress': 'At most one every 2 seconds for each trial.',
  'trial-measured': 'Its metrics after so many tokens.',
  'trial-completed': 'Its last measurement is stored.',
  'trial-retried': 'An attempt failed; the trial waits for the next one.',
  'trial-failed':
    'One of a search was set aside after its last attempt; the attempt of a client failed.',
  'trial-cancelled': 'It will not be trained on.',
  'trial-suggested': 'A client was given it under a lease; `attempt` counts from 1.',
  'trial-attached': 'A client brought a mixture of its own.',
  'trial-stop-requested': 'Its client is asked to stop early at its next report.',
  'trial-stopped': 'Its client stopped it early.',
  'trial-expired': 'Its client gave no sign of life; a late result is still taken.',
  'trial-resumed': 'Its client gave a sign of life after all, before another was given it.',
  'trial-abandoned': 'It is never offered again.',
  'fit-started': 'All trials have ended; the method learns from them.',
  'search-finished': 'The recommendation can be read; a comparison has no fit.',
  'search-failed': 'There will be no recommendation from it.',
  'search-cancelled': 'What was measured stays.',
}

/** One schema an event: a frame of the stream, with `data` as the JSON it holds. */
export const StudyEventSchemas: Record<string, TSchema> = Object.fromEntries(
  Object.entries(EVENT_DATA).map(([name, data]) => [
    name,
    Type.Object(
      { id: Type.String({ pattern: '^\\d+$' }), event: Type.Literal(name), data },
      { ...closed, description: DESCRIPTIONS[name as StudyEvent['type']] },
    ),
  ]),
)

export const StudyEventSchema = Type.Union(Object.values(StudyEventSchemas), {
  description: 'A frame of the stream. `id` is what `Last-Event-ID` takes; `data` is JSON.',
})

const EventIdSchema = Type.String({
  pattern: '^\\d{1,15}$',
  description: 'Id of the last event seen, a whole number.',
})

export const EventQuerySchema = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description:
          'Only events after the one with this id. Default 0: all that are kept. `Last-Event-ID` wins.',
      }),
    ),
  },
  closed,
)

/** Headers of other kinds come along, so this one is open. */
export const EventHeadersSchema = Type.Object({
  'last-event-id': Type.Optional(EventIdSchema),
})
