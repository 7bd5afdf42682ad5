import { type Static, type TSchema, Type } from 'typebox'
import type { StudyEvent } from '../../studies/events.js'
import { closed, IdSchema, Nullable } from './common.js'
import { PurposeSchema } from './searches.js'

const trial = { trialId: IdSchema, searchId: IdSchema }
const tokens = Type.Number({ minimum: 0, description: 'Trained on so far.' })
const objective = Type.Number({ description: "The study's objective; lower is better." })
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
    label: Type.String(),
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
    ...trial,
    tokens,
    values: Type.Record(Type.String(), Type.Number(), { description: 'Metric → value.' }),
    objective,
  }),
  'trial-completed': object({ ...trial, position: Type.Integer({ minimum: 0 }), objective }),
  'trial-retried': object({ ...trial, attempt, detail: Type.String() }),
  'trial-failed': object({ ...trial, ...failure }),
  'trial-cancelled': object(trial),
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
  'trial-measured': 'It was measured on the validation text of every domain.',
  'trial-completed': 'Its last measurement is stored.',
  'trial-retried': 'An attempt failed; the trial waits for the next one.',
  'trial-failed': 'It was set aside after its last attempt.',
  'trial-cancelled': 'It will not be trained on.',
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
