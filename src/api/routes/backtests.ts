import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { DEFAULT_LIMITS } from '../../studies/limits.js'
import { decodeCursor, paginate } from '../cursors.js'
import {
  BacktestListQuerySchema,
  BacktestParamsSchema,
  BacktestSchema,
  ListedBacktestSchema,
  NewBacktestSchema,
  viewBacktest,
  viewListedBacktest,
} from '../schemas/backtests.js'
import { DEFAULT_PAGE_SIZE, PageSchema } from '../schemas/common.js'
import {
  backtestExample,
  backtestJobExample,
  backtestPageExample,
} from '../schemas/examples/backtests.js'
import { acceptedJob, JobSchema, POLL_SECONDS, viewJob } from '../schemas/jobs.js'
import { INLINE_FIXES, refusals, refusalsWithBody } from '../schemas/problems.js'
import { answer, emptyAnswer } from '../schemas/responses.js'

interface Options {
  services: Services
  inlineBytes: number
}

export const backtestRoutes: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { services, inlineBytes },
) => {
  app.post(
    '/v1/backtests',
    {
      bodyLimit: inlineBytes,
      config: { scope: 'run', isIdempotent: true, fixes: INLINE_FIXES },
      schema: {
        operationId: 'requestBacktest',
        tags: ['Backtests'],
        summary: 'Replay methods on runs',
        description:
          'Nothing is trained: each method says which run it would make next, is told what that run measured, and says which mixture it ' +
          'would recommend by then. Follow the job; when it has succeeded, its `result` is the address of the backtest with its ' +
          `report. Takes up to ${DEFAULT_LIMITS.backtestRuns} runs of a study, or ${DEFAULT_LIMITS.inlineRuns} in the body; refused ` +
          `with \`backtest-too-large\` above that, or when it would compute for more than ${DEFAULT_LIMITS.backtestSeconds / 3600} h.`,
        body: NewBacktestSchema,
        response: {
          202: answer(JobSchema, 'It is on its way: the job.', {
            headers: acceptedJob,
            example: backtestJobExample,
          }),
          ...refusalsWithBody(
            'infeasible-space',
            'rows-invalid',
            'out-of-range',
            'study-not-found',
            'backtest-too-large',
            'overloaded',
          ),
        },
      },
    },
    async ({ body, resourceId: id }, reply) => {
      const { job } = await services.backtests.request({ ...body, id })
      return reply
        .code(202)
        .header('location', `/v1/jobs/${job.id}`)
        .header('retry-after', POLL_SECONDS)
        .send(viewJob(job))
    },
  )

  app.get(
    '/v1/backtests',
    {
      schema: {
        operationId: 'listBacktests',
        tags: ['Backtests'],
        summary: 'List backtests, newest first',
        description:
          'Without their reports, and with the numbers of imports and trials that are replayed in place of their ids.',
        querystring: BacktestListQuerySchema,
        response: {
          200: answer(PageSchema(ListedBacktestSchema), 'A page of backtests.', {
            example: backtestPageExample,
          }),
          ...refusals('malformed-cursor'),
        },
      },
    },
    async ({ query: { limit = DEFAULT_PAGE_SIZE, cursor, studyId } }) => {
      const scope = { list: 'backtests', filters: { studyId } }
      const after = cursor && decodeCursor(scope, cursor)
      const page = await services.backtests.list({ limit, after, studyId })
      return paginate(scope, page, viewListedBacktest)
    },
  )

  app.get(
    '/v1/backtests/:backtestId',
    {
      schema: {
        operationId: 'getBacktest',
        tags: ['Backtests'],
        summary: 'Get a backtest',
        params: BacktestParamsSchema,
        response: {
          200: answer(BacktestSchema, 'The backtest.', { example: backtestExample }),
          ...refusals('backtest-not-found'),
        },
      },
    },
    async ({ params }) => viewBacktest(await services.backtests.get(params.backtestId)),
  )

  app.delete(
    '/v1/backtests/:backtestId',
    {
      schema: {
        operationId: 'deleteBacktest',
        tags: ['Backtests'],
        summary: 'Delete a backtest',
        description: 'With its job; one that is at work is stopped.',
        params: BacktestParamsSchema,
        response: {
          204: emptyAnswer('It is gone.'),
          ...refusals('backtest-not-found'),
        },
      },
    },
    async ({ params }, reply) => {
      await services.backtests.delete(params.backtestId)
      return reply.code(204).send(null)
    },
  )
}
