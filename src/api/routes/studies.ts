import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Services } from '../../studies/index.js'
import { decodeCursor, paginate } from '../cursors.js'
import { etagOf, givenVersions, hasVersion, requiredVersions } from '../plugins/preconditions.js'
import { DEFAULT_PAGE_SIZE, PageSchema, StudyParamsSchema } from '../schemas/common.js'
import { studyExample } from '../schemas/examples.js'
import { refusals, refusalsWithBody } from '../schemas/problems.js'
import { answer, emptyAnswer } from '../schemas/responses.js'
import {
  NewStudySchema,
  StudyChangeSchema,
  StudyListQuerySchema,
  StudySchema,
  viewStudy,
} from '../schemas/studies.js'

const ETAG = {
  etag: { type: 'string', description: 'The version, for If-Match and If-None-Match.' },
} as const

const LOCATION = { location: { type: 'string', description: 'Address of the study.' } } as const

const IfMatch = Type.String({
  description: 'The ETag of the study as you know it: if it has changed since, nothing is done.',
})

export const studyRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  app.post(
    '/v1/studies',
    {
      config: { isIdempotent: true },
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
            headers: { ...LOCATION, ...ETAG },
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
    async ({ body, resourceId: id }, reply) => {
      const study = await services.studies.create({ ...body, id })
      return reply
        .code(201)
        .header('location', `/v1/studies/${study.id}`)
        .header('etag', etagOf(study))
        .send(viewStudy(study))
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
        headers: Type.Object({
          'if-none-match': Type.Optional(
            Type.String({ description: 'The ETag of the study as you have it.' }),
          ),
        }),
        response: {
          200: answer(StudySchema, 'The study.', { headers: ETAG, example: studyExample }),
          304: emptyAnswer('It is as you have it.'),
          ...refusals('study-not-found'),
        },
      },
    },
    async (request, reply) => {
      const study = await services.studies.get(request.params.studyId)
      if (hasVersion(request, reply, study)) return reply.code(304).send(null)
      return reply.code(200).send(viewStudy(study))
    },
  )

  app.patch(
    '/v1/studies/:studyId',
    {
      schema: {
        operationId: 'updateStudy',
        tags: ['Studies'],
        summary: 'Change a study',
        description:
          'Its name, its labels, and how its trials are handed out. Its problem, method and seed stay what they are. Takes the ETag of ' +
          'the study as If-Match, so that nobody overwrites what another has changed meanwhile.',
        params: StudyParamsSchema,
        headers: Type.Object({ 'if-match': Type.Optional(IfMatch) }),
        body: StudyChangeSchema,
        response: {
          200: answer(StudySchema, 'The study as it is now.', {
            headers: ETAG,
            example: studyExample,
          }),
          ...refusalsWithBody('study-not-found', 'precondition-required', 'precondition-failed'),
        },
      },
    },
    async (request, reply) => {
      const versions = requiredVersions(request)
      const { params, body } = request
      const study = await services.studies.update(params.studyId, body, versions)
      return reply.code(200).header('etag', etagOf(study)).send(viewStudy(study))
    },
  )

  app.delete(
    '/v1/studies/:studyId',
    {
      schema: {
        operationId: 'deleteStudy',
        tags: ['Studies'],
        summary: 'Delete a study',
        description:
          'With its runs, searches, trials, fits, backtests and jobs; what is at work is stopped.',
        params: StudyParamsSchema,
        headers: Type.Object({ 'if-match': Type.Optional(IfMatch) }),
        response: {
          204: emptyAnswer('It is gone.'),
          ...refusals('study-not-found', 'precondition-failed'),
        },
      },
    },
    async (request, reply) => {
      await services.studies.delete(request.params.studyId, givenVersions(request))
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
          'Its search, the trials that others run and all its jobs, as far as they have not ended. Where others run trials, `maxTrials` of ' +
          'the trial policy becomes the number of those there are, so that clients hear `exhausted`; a PATCH undoes that. What was ' +
          'measured stays, and the study does; asking twice is no error. Takes no body.',
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
