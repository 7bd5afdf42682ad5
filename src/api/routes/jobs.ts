import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { JobRecord } from '../../store/records.js'
import type { Services } from '../../studies/index.js'
import { decodeCursor, paginate } from '../cursors.js'
import { DEFAULT_PAGE_SIZE, PageSchema } from '../schemas/common.js'
import { jobExample } from '../schemas/examples.js'
import {
  isUnderWay,
  JobListQuerySchema,
  JobParamsSchema,
  JobSchema,
  POLL_SECONDS,
  viewJob,
} from '../schemas/jobs.js'
import { refusals } from '../schemas/problems.js'
import { answer, emptyAnswer } from '../schemas/responses.js'

export const jobRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  const view = async (job: JobRecord) => {
    const hasIngested = job.kind === 'ingest' && job.state === 'succeeded'
    return viewJob(job, hasIngested ? await services.corpora.corpusOf(job.subjectId) : undefined)
  }

  app.get(
    '/v1/jobs',
    {
      schema: {
        operationId: 'listJobs',
        tags: ['Jobs'],
        summary: 'List jobs, newest first',
        querystring: JobListQuerySchema,
        response: {
          200: answer(PageSchema(JobSchema), 'A page of jobs.', {
            example: { items: [jobExample], pagination: { cursor: null, hasMore: false } },
          }),
          ...refusals('malformed-cursor'),
        },
      },
    },
    async ({ query }) => {
      const { limit = DEFAULT_PAGE_SIZE, cursor, studyId } = query
      const scope = { list: 'jobs', filters: { studyId } }
      const after = cursor && decodeCursor(scope, cursor)
      const { items, hasMore } = await services.jobs.list({ limit, after, studyId })
      const jobs = await Promise.all(items.map((job) => view(job)))
      return paginate(scope, { items: jobs, hasMore }, (job) => job)
    },
  )

  app.get(
    '/v1/jobs/:jobId',
    {
      schema: {
        operationId: 'getJob',
        tags: ['Jobs'],
        summary: 'Get a job',
        params: JobParamsSchema,
        response: {
          200: answer(JobSchema, 'The job.', {
            headers: {
              'retry-after': { type: 'integer', description: 'While it is not at its end.' },
            },
            example: jobExample,
          }),
          ...refusals('job-not-found'),
        },
      },
    },
    async ({ params }, reply) => {
      const job = await services.jobs.get(params.jobId)
      if (isUnderWay(job)) reply.header('retry-after', POLL_SECONDS)
      return view(job)
    },
  )

  app.post(
    '/v1/jobs/:jobId/cancellation',
    {
      schema: {
        operationId: 'cancelJob',
        tags: ['Jobs'],
        summary: 'Cancel a job',
        description:
          'A queued job is cancelled at once, a running one a moment later. Asking twice is no error. Takes no body.',
        params: JobParamsSchema,
        response: {
          202: answer(JobSchema, 'The job is cancelled, or about to be.', { example: jobExample }),
          ...refusals('job-not-found', 'job-already-ended'),
        },
      },
    },
    async ({ params }, reply) =>
      reply.code(202).send(await view(await services.jobs.cancel(params.jobId))),
  )
  app.delete(
    '/v1/jobs/:jobId',
    {
      schema: {
        operationId: 'deleteJob',
        tags: ['Jobs'],
        summary: 'Delete a job',
        description:
          'One that has ended; what it was about stays, and so does the id of the job there. A job that is under way is kept, ' +
          'and one that alone says why its fit, ingestion or backtest came to nothing.',
        params: JobParamsSchema,
        response: {
          204: emptyAnswer('It is gone.'),
          ...refusals('job-not-found', 'job-needed'),
        },
      },
    },
    async ({ params }, reply) => {
      await services.jobs.delete(params.jobId)
      return reply.code(204).send(null)
    },
  )
}
