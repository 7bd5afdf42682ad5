import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { decodeCursor, paginate } from '../cursors.js'
import { DEFAULT_PAGE_SIZE, PageSchema, StudyParamsSchema } from '../schemas/common.js'
import { trialDetailExample, trialPageExample } from '../schemas/examples/searches.js'
import { refusals } from '../schemas/problems.js'
import { answer, emptyAnswer } from '../schemas/responses.js'
import {
  TrialDetailSchema,
  TrialListQuerySchema,
  TrialParamsSchema,
  TrialSchema,
  viewTrial,
  viewTrialDetail,
} from '../schemas/trials.js'

export const trialRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  app.get(
    '/v1/studies/:studyId/trials',
    {
      schema: {
        operationId: 'listTrials',
        tags: ['Trials'],
        summary: 'List the trials of a study, in the order of their creation',
        params: StudyParamsSchema,
        querystring: TrialListQuerySchema,
        response: {
          200: answer(PageSchema(TrialSchema), 'A page of trials.', { example: trialPageExample }),
          ...refusals('study-not-found', 'malformed-cursor'),
        },
      },
    },
    async ({ params: { studyId }, query }) => {
      const { limit = DEFAULT_PAGE_SIZE, cursor, searchId, evaluator, state } = query
      const filters = { searchId, evaluator, state }
      const scope = { list: 'trials', filters: { studyId, ...filters } }
      const after = cursor && decodeCursor(scope, cursor)
      const study = await services.studies.get(studyId)
      const page = await services.trials.list(studyId, { ...filters, limit, after })
      return paginate(scope, page, ({ measurement, ...trial }) =>
        viewTrial(trial, measurement, study),
      )
    },
  )

  app.get(
    '/v1/studies/:studyId/trials/:trialId',
    {
      schema: {
        operationId: 'getTrial',
        tags: ['Trials'],
        summary: 'Get a trial',
        description: 'With its attempts, who worked on them, and all its measurements.',
        params: TrialParamsSchema,
        response: {
          200: answer(TrialDetailSchema, 'The trial.', { example: trialDetailExample }),
          ...refusals('study-not-found', 'trial-not-found'),
        },
      },
    },
    async ({ params }) =>
      viewTrialDetail(await services.trials.get(params.studyId, params.trialId)),
  )
  app.delete(
    '/v1/studies/:studyId/trials/:trialId/checkpoint',
    {
      schema: {
        operationId: 'deleteCheckpoint',
        tags: ['Trials'],
        summary: 'Delete the checkpoint of a trial',
        description:
          'Of one that has ended: failed and cancelled trials leave theirs for a while, completed ones have none. The trial stays, ' +
          'with what was measured.',
        params: TrialParamsSchema,
        response: {
          204: emptyAnswer('It is gone.'),
          ...refusals(
            'study-not-found',
            'trial-not-found',
            'checkpoint-not-found',
            'trial-under-way',
          ),
        },
      },
    },
    async ({ params }, reply) => {
      await services.trials.deleteCheckpoint(params.studyId, params.trialId)
      return reply.code(204).send(null)
    },
  )
}
