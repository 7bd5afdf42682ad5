import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { decodeCursor, paginate } from '../cursors.js'
import {
  DEFAULT_PAGE_SIZE,
  PageQuerySchema,
  PageSchema,
  StudyParamsSchema,
} from '../schemas/common.js'
import {
  comparisonExample,
  endedSearchExample,
  searchExample,
  searchPageExample,
} from '../schemas/examples/searches.js'
import { refusals, refusalsWithBody } from '../schemas/problems.js'
import { answer } from '../schemas/responses.js'
import {
  NewComparisonSchema,
  NewSearchSchema,
  SearchParamsSchema,
  SearchSchema,
  viewSearch,
} from '../schemas/searches.js'

export const searchRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  app.post(
    '/v1/studies/:studyId/searches',
    {
      config: { scope: 'run', isIdempotent: true },
      schema: {
        operationId: 'startSearch',
        tags: ['Searches'],
        summary: 'Start a search',
        description:
          "Trains proxy models on the study's corpus, one a mixture, the uniform and the natural mixture first, then fits " +
          'the method to what was measured. An adaptive method chooses the first few mixtures, and each further one by what was ' +
          'measured until then. Watch it at `GET /v1/studies/{id}/events`; when it has finished, the ' +
          'recommendation can be read. A study has one search at a time.',
        params: StudyParamsSchema,
        body: NewSearchSchema,
        response: {
          202: answer(SearchSchema, 'It is on its way.', {
            headers: { location: { type: 'string', description: 'Address of the search.' } },
            example: searchExample,
          }),
          ...refusalsWithBody(
            'study-not-found',
            'search-running',
            'too-few-runs',
            'quota-exceeded',
            'overloaded',
          ),
        },
      },
    },
    async ({ params, body, resourceId: id }, reply) => {
      const view = await services.searches.start(params.studyId, { ...body, id })
      return reply
        .code(202)
        .header('location', `/v1/studies/${params.studyId}/searches/${view.search.id}`)
        .send(viewSearch(view))
    },
  )

  app.post(
    '/v1/studies/:studyId/comparisons',
    {
      config: { scope: 'run', isIdempotent: true },
      schema: {
        operationId: 'compareMixtures',
        tags: ['Searches'],
        summary: 'Compare mixtures',
        description:
          'Trains a proxy for every mixture and seed: what a recommendation is really worth. It is a search with the ' +
          'purpose `comparison`, which finishes without a fit; its trials are labelled with the names of the mixtures.',
        params: StudyParamsSchema,
        body: NewComparisonSchema,
        response: {
          202: answer(SearchSchema, 'It is on its way.', {
            headers: { location: { type: 'string', description: 'Address of the search.' } },
            example: comparisonExample,
          }),
          ...refusalsWithBody('study-not-found', 'search-running', 'quota-exceeded', 'overloaded'),
        },
      },
    },
    async ({ params, body, resourceId: id }, reply) => {
      const view = await services.searches.compare(params.studyId, { ...body, id })
      return reply
        .code(202)
        .header('location', `/v1/studies/${params.studyId}/searches/${view.search.id}`)
        .send(viewSearch(view))
    },
  )

  app.get(
    '/v1/studies/:studyId/searches',
    {
      schema: {
        operationId: 'listSearches',
        tags: ['Searches'],
        summary: 'List the searches of a study, newest first',
        params: StudyParamsSchema,
        querystring: PageQuerySchema,
        response: {
          200: answer(PageSchema(SearchSchema), 'A page of searches.', {
            example: searchPageExample,
          }),
          ...refusals('study-not-found', 'malformed-cursor'),
        },
      },
    },
    async ({ params: { studyId }, query: { limit = DEFAULT_PAGE_SIZE, cursor } }) => {
      const scope = { list: 'searches', filters: { studyId } }
      const after = cursor && decodeCursor(scope, cursor)
      const { items, hasMore } = await services.searches.list(studyId, { limit, after })
      const searches = { items: items.map(viewSearch), hasMore }
      return paginate(scope, searches, (search) => search)
    },
  )

  app.get(
    '/v1/studies/:studyId/searches/:searchId',
    {
      schema: {
        operationId: 'getSearch',
        tags: ['Searches'],
        summary: 'Get a search',
        params: SearchParamsSchema,
        response: {
          200: answer(SearchSchema, 'The search.', { example: endedSearchExample }),
          ...refusals('study-not-found', 'search-not-found'),
        },
      },
    },
    async ({ params }) => viewSearch(await services.searches.get(params.studyId, params.searchId)),
  )

  app.post(
    '/v1/studies/:studyId/searches/:searchId/cancellation',
    {
      schema: {
        operationId: 'cancelSearch',
        tags: ['Searches'],
        summary: 'Cancel a search',
        description:
          'Trials that wait end at once, running ones a moment later; what was measured stays. Takes no body.',
        params: SearchParamsSchema,
        response: {
          202: answer(SearchSchema, 'The search is cancelled.', {
            example: { ...searchExample, state: 'cancelled' },
          }),
          ...refusals('study-not-found', 'search-not-found', 'search-already-ended'),
        },
      },
    },
    async ({ params }, reply) =>
      reply
        .code(202)
        .send(viewSearch(await services.searches.cancel(params.studyId, params.searchId))),
  )
}
