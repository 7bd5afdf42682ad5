import { type Static, type TObject, type TString, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { JobKind } from '../store/records.js'

/** How a job is delivered and watched. Times are in milliseconds. */
export interface JobSettings {
  /** Deliveries in a row that may fail for want of the infrastructure, before the reconciler has to step in. */
  readonly attempts: number
  /** Wait before the second delivery; it doubles from one to the next. */
  readonly backoffMs: number
  /** How long the queue believes in a worker that gives no sign of life. */
  readonly lockMs: number
  /** Time between two heartbeats in the store: the longest a cancellation stays unnoticed. */
  readonly heartbeatMs: number
  /** Age of the last heartbeat at which a running job counts as abandoned. */
  readonly staleMs: number
  /** Starts after which a job that ends its worker every time is given up as failed. */
  readonly maxStarts: number
}

interface JobDefinition extends JobSettings {
  /** Ids only, never data: what is in the queue may be lost, repeated or older than this program. */
  readonly payload: TObject<{ jobId: TString }>
}

/** BullMQ forbids `:` in ids that it is given, and the job's id is part of one. */
const IdSchema = Type.String({ minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9_-]+$' })

const COMMON = {
  payload: Type.Object({ jobId: IdSchema }, { additionalProperties: false }),
  attempts: 5,
  backoffMs: 1000,
  lockMs: 30_000,
  heartbeatMs: 2000,
  staleMs: 30_000,
  maxStarts: 10,
} as const satisfies JobDefinition

/** Every job there is. Handlers and payloads are typed by it, so an unknown job or a wrong payload does not compile. */
export const JOB_CATALOGUE = {
  fit: COMMON,
  ingest: COMMON,
  trial: COMMON,
  backtest: COMMON,
} as const satisfies Record<JobKind, JobDefinition>

export type JobName = keyof typeof JOB_CATALOGUE
export type JobPayload<N extends JobName> = Static<(typeof JOB_CATALOGUE)[N]['payload']>

export const JOB_NAMES = Object.keys(JOB_CATALOGUE) as JobName[]

export function isPayload<N extends JobName>(job: N, value: unknown): value is JobPayload<N> {
  return Value.Check(JOB_CATALOGUE[job].payload, value)
}

/** `done`: the job needs no further delivery. `released`: it was put back and wants another worker. */
export type JobOutcome = 'done' | 'released'

export interface JobContext {
  /** Aborted when the worker stops: put the job back and return `released`. */
  readonly signal: AbortSignal
}

/**
 * Works off one delivery. It must be idempotent, because a delivery may be repeated. A MixwrightError with a status
 * below 500 is a refusal and is not tried again; any other rejection is, after a backoff.
 */
export type JobHandler<N extends JobName> = (
  payload: JobPayload<N>,
  context: JobContext,
) => Promise<JobOutcome>

/** A handler with the name of its job. */
export type Processor<N extends JobName = JobName> = {
  [Name in N]: { readonly job: Name; readonly handle: JobHandler<Name> }
}[N]

/** Jobs of each name at work at the same time in this process. */
export type Concurrency = Readonly<Record<JobName, number>>

export type Handlers = { readonly [N in JobName]: JobHandler<N> }

/** Checks at start-up that every job has exactly one processor; throws an Error that names those that do not. */
export function handlersByJob(processors: readonly Processor[]): Handlers {
  const wrong = JOB_NAMES.flatMap((name) => {
    const count = processors.filter(({ job }) => job === name).length
    return count === 1 ? [] : [`${name} has ${count}`]
  })
  if (wrong.length > 0) {
    throw new Error(`every job needs exactly one processor, but ${wrong.join(', ')}`)
  }
  return Object.fromEntries(processors.map(({ job, handle }) => [job, handle])) as Handlers
}
