import { type Static, Type } from 'typebox'
import type { ProblemDocument } from '../../errors.js'
import type { JobRecord } from '../../store/records.js'
import { closed, formatTime, IdSchema, Nullable, pageProperties, TimeSchema } from './common.js'
import { ProblemDocumentSchema } from './problems.js'

/** What `Retry-After` says while a job is under way. */
export const POLL_SECONDS = 1

export const JobParamsSchema = Type.Object({ jobId: IdSchema }, closed)

export const JobListQuerySchema = Type.Object(
  {
    ...pageProperties,
    studyId: Type.Optional(
      Type.String({ format: 'uuid', description: 'Only jobs of this study.' }),
    ),
  },
  closed,
)

export const JobSchema = Type.Object(
  {
    id: IdSchema,
    kind: Type.Enum(['fit', 'ingest', 'trial', 'backtest']),
    studyId: Nullable(IdSchema),
    subjectId: Type.String({
      description:
        'What the job is about: the id of the fit, the ingestion, the trial or the backtest.',
    }),
    state: Type.Union([
      Type.Literal('queued'),
      Type.Literal('running'),
      Type.Literal('succeeded'),
      Type.Literal('failed'),
      Type.Literal('cancelled'),
    ]),
    progress: Nullable(
      Type.Object(
        { done: Type.Number(), total: Type.Number(), message: Type.String() },
        { ...closed, description: '`done` of `total` units of work.' },
      ),
    ),
    problem: Nullable(ProblemDocumentSchema),
    attempts: Type.Integer({ description: 'How often a worker has begun it.' }),
    result: Nullable(
      Type.String({ description: 'Address of what the job has made, once it has succeeded.' }),
    ),
    cancelRequestedAt: Nullable(TimeSchema),
    createdAt: TimeSchema,
    startedAt: Nullable(TimeSchema),
    finishedAt: Nullable(TimeSchema),
  },
  { ...closed, description: 'Work that goes on behind a 202.' },
)

/** Headers of the 202 that answers with a job. */
export const acceptedJob = {
  location: { type: 'string', description: 'Address of the job.' },
  'retry-after': { type: 'integer', description: 'Seconds until a look is worth it.' },
} as const

/** @param corpusId of an ingestion: the job itself does not name it */
export function viewJob(job: JobRecord, corpusId?: string): Static<typeof JobSchema> {
  const { id, kind, studyId, subjectId, state, progress, attempts } = job
  return {
    id,
    kind,
    studyId,
    subjectId,
    state,
    progress: state === 'succeeded' ? complete(progress) : progress,
    problem: job.problem as ProblemDocument | null,
    attempts,
    result: state === 'succeeded' ? resultOf(job, corpusId) : null,
    cancelRequestedAt: formatTime(job.cancelRequestedAt),
    createdAt: formatTime(job.createdAt),
    startedAt: formatTime(job.startedAt),
    finishedAt: formatTime(job.finishedAt),
  }
}

/** Work that succeeded was all done: its last reports may have come between two heartbeats, and were not written then. */
function complete(progress: JobRecord['progress']): JobRecord['progress'] {
  return progress && { ...progress, done: progress.total }
}

function resultOf({ kind, studyId, subjectId }: JobRecord, corpusId?: string): string | null {
  if (kind === 'fit') return `/v1/studies/${studyId}/fits/${subjectId}`
  if (kind === 'backtest') return `/v1/backtests/${subjectId}`
  if (kind === 'trial') return `/v1/studies/${studyId}/trials/${subjectId}`
  return corpusId === undefined ? null : `/v1/corpora/${corpusId}/ingestions/${subjectId}`
}

/** Whether the job still changes by itself. */
export function isUnderWay({ state }: JobRecord): boolean {
  return state === 'queued' || state === 'running'
}
