import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { decodeCursor, paginate } from '../cursors.js'
import { DEFAULT_PAGE_SIZE, PageSchema, StudyParamsSchema } from '../schemas/common.js'
import { studyExample } from '../schemas/examples.js'
import { refusals, refusalsWithBody } from '../schemas/problems.js'
import { answer, emptyAnswer } from '../schemas/responses.js'
import { NewStudySchema, StudyListQuerySchema, StudySchema, viewStudy } from '../schemas/studies.js'

export const studyRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  app.post(
    '/v1/studies',
    {
      schema: {
        operationId: 'createStudy',
        tags: ['Studies'],
        summary: 'Create a study',
        description:
          'The problem is checked (also whether any mixture meets all constraints), completed with its defaults, ' +
          'hashed, and immutable from then on. With a corpus, proxies can be trained for it: a search.',
        body: NewStudySchema,
        response: {
          201: answer(StudySchema, 'The study.', {
            headers: { location: { type: 'string', description: 'Address of the study.' } },
            example: studyExample,
          }),
          ...refusalsWithBody(
            'infeasible-space',
            'corpus-not-found',
            'corpus-not-ready',
            'domain-too-small',
          ),
        },
      },
    },
    async ({ body }, reply) => {
      const study = await services.studies.create(body)
      return reply.code(201).header('location', `/v1/studies/${study.id}`).send(viewStudy(study))
    },
  )

  app.get(
    '/v1/studies',
    {
      schema: {
        operationId: 'listStudies',
        tags: ['Studies'],
        summary: 'List studies, newest first',
        querystring: StudyListQuerySchema,
        response: {
          200: answer(PageSchema(StudySchema), 'A page of studies.', {
            example: { items: [studyExample], pagination: { cursor: null, hasMore: false } },
          }),
          ...refusals('malformed-cursor'),
        },
      },
    },
    async ({ query }) => {
      const { limit = DEFAULT_PAGE_SIZE, cursor, label } = query
      const scope = { list: 'studies', filters: { label } }
      const after = cursor && decodeCursor(scope, cursor)
      const page = await services.studies.list({
        limit,
        after,
        label: label === undefined ? undefined : splitLabel(label),
      })
      return paginate(scope, page, viewStudy)
    },
  )

  app.get(
    '/v1/studies/:studyId',
    {
      schema: {
        operationId: 'getStudy',
        tags: ['Studies'],
        summary: 'Get a study',
        params: StudyParamsSchema,
        response: {
          200: answer(StudySchema, 'The study.', { example: studyExample }),
          ...refusals('study-not-found'),
        },
      },
    },
    async ({ params }) => viewStudy(await services.studies.get(params.studyId)),
  )

  app.delete(
    '/v1/studies/:studyId',
    {
      schema: {
        operationId: 'deleteStudy',
        tags: ['Studies'],
        summary: 'Delete a study',
        description: 'With its runs, searches, trials, fits and jobs; what is at work is stopped.',
        params: StudyParamsSchema,
        response: { 204: emptyAnswer('It is gone.'), ...refusals('study-not-found') },
      },
    },
    async ({ params }, reply) => {
      await services.studies.delete(params.studyId)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/v1/studies/:studyId/cancellation',
    {
      schema: {
        operationId: 'cancelStudy',
        tags: ['Studies'],
        summary: 'Cancel the work on a study',
        description:
          'Its search and all its jobs that have not ended. What was measured stays, and the study does; asking twice is no ' +
          'error. Takes no body.',
        params: StudyParamsSchema,
        response: {
          202: answer(StudySchema, 'Its work is cancelled, or about to be.', {
            example: studyExample,
          }),
          ...refusals('study-not-found'),
        },
      },
    },
    async ({ params }, reply) => {
      await services.studies.cancel(params.studyId)
      return reply.code(202).send(viewStudy(await services.studies.get(params.studyId)))
    },
  )
}

/** A label's value may hold colons; its name may not. */
function splitLabel(label: string): [string, string] {
  const colon = label.indexOf(':')
  return [label.slice(0, colon), label.slice(colon + 1)]
}
