import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { decodeCursor, paginate } from '../cursors.js'
import { DEFAULT_PAGE_SIZE, PageQuerySchema, PageSchema } from '../schemas/common.js'
import {
  CorpusDetailSchema,
  CorpusParamsSchema,
  CorpusSchema,
  NewCorpusSchema,
  viewCorpus,
  viewCorpusDetail,
} from '../schemas/corpora.js'
import { corpusDetailExample, corpusPageExample } from '../schemas/examples/corpora.js'
import { refusals, refusalsWithBody } from '../schemas/problems.js'
import { answer, emptyAnswer } from '../schemas/responses.js'

interface Options {
  services: Services
  corpusBytes: number
}

const SCOPE = { list: 'corpora', filters: {} }

export const corpusRoutes: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { services, corpusBytes },
) => {
  app.post(
    '/v1/corpora',
    {
      bodyLimit: corpusBytes,
      config: { isIdempotent: true },
      schema: {
        operationId: 'createCorpus',
        tags: ['Corpora'],
        summary: 'Create a corpus',
        description: 'Its domains, and how text becomes tokens. Both are fixed from then on.',
        body: NewCorpusSchema,
        response: {
          201: answer(CorpusDetailSchema, 'The corpus, without any text.', {
            headers: { location: { type: 'string', description: 'Address of the corpus.' } },
            example: { ...corpusDetailExample, ingestionId: null, sources: [], ingestion: null },
          }),
          ...refusalsWithBody(),
        },
      },
    },
    async ({ body, resourceId: id }, reply) => {
      const view = await services.corpora.create({ ...body, id })
      return reply
        .code(201)
        .header('location', `/v1/corpora/${view.corpus.id}`)
        .send(viewCorpusDetail(view))
    },
  )

  app.get(
    '/v1/corpora',
    {
      schema: {
        operationId: 'listCorpora',
        tags: ['Corpora'],
        summary: 'List corpora, newest first',
        querystring: PageQuerySchema,
        response: {
          200: answer(PageSchema(CorpusSchema), 'A page of corpora.', {
            example: corpusPageExample,
          }),
          ...refusals('malformed-cursor'),
        },
      },
    },
    async ({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }) => {
      const after = cursor && decodeCursor(SCOPE, cursor)
      return paginate(SCOPE, await services.corpora.list({ limit, after }), viewCorpus)
    },
  )

  app.get(
    '/v1/corpora/:corpusId',
    {
      schema: {
        operationId: 'getCorpus',
        tags: ['Corpora'],
        summary: 'Get a corpus',
        description: 'With its sources, its counts by domain, and the ingestion under way.',
        params: CorpusParamsSchema,
        response: {
          200: answer(CorpusDetailSchema, 'The corpus.', { example: corpusDetailExample }),
          ...refusals('corpus-not-found'),
        },
      },
    },
    async ({ params }) => viewCorpusDetail(await services.corpora.get(params.corpusId)),
  )

  app.delete(
    '/v1/corpora/:corpusId',
    {
      schema: {
        operationId: 'deleteCorpus',
        tags: ['Corpora'],
        summary: 'Delete a corpus',
        description: 'With its sources, ingestions and files. Files named by a path stay.',
        params: CorpusParamsSchema,
        response: {
          204: emptyAnswer('It is gone.'),
          ...refusals('corpus-not-found', 'corpus-in-use', 'corpus-busy'),
        },
      },
    },
    async ({ params }, reply) => {
      await services.corpora.delete(params.corpusId)
      return reply.code(204).send(null)
    },
  )
}
