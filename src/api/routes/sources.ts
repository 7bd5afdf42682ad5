import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { compileRequestPart } from '../plugins/validation.js'
import { CorpusParamsSchema } from '../schemas/corpora.js'
import { sourceListExample } from '../schemas/examples/corpora.js'
import { refusals, refusalsWithBody } from '../schemas/problems.js'
import { answer, emptyAnswer } from '../schemas/responses.js'
import {
  type NewPathSource,
  SourceBody,
  SourceListSchema,
  SourceParamsSchema,
  viewSource,
} from '../schemas/sources.js'
import { acceptFiles, storeFiles } from '../source-uploads.js'

interface Options {
  services: Services
  uploadBytes: number
}

export const sourceRoutes: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { services, uploadBytes },
) => {
  await acceptFiles(app)

  app.post(
    '/v1/corpora/:corpusId/sources',
    {
      config: {
        consumes: Object.keys(SourceBody.content),
        isUpload: true,
        isIdempotent: true,
      },
      // A form is not read before its files can be stored as they come.
      validatorCompiler: (part) =>
        part.contentType === 'multipart/form-data' ? () => true : compileRequestPart(part),
      schema: {
        operationId: 'addSources',
        tags: ['Corpora'],
        summary: 'Add files to a domain',
        description:
          'A form with files, or the path of files that the service can read by itself. In the form the fields come ' +
          'before the files they are for. All files of a form are added, or none. They are read when the corpus is ingested.',
        params: CorpusParamsSchema,
        body: SourceBody,
        response: {
          201: answer(SourceListSchema, 'What was added, in the order of the request.', {
            example: sourceListExample,
          }),
          ...refusalsWithBody(
            'corpus-not-found',
            'source-forbidden',
            'quota-exceeded',
            'disk-full',
          ),
        },
      },
    },
    async (request, reply) => {
      const { corpusId } = request.params
      const source = { ...(request.body as NewPathSource), id: request.resourceId }
      const sources = request.isMultipart()
        ? await storeFiles(request, services.corpora, corpusId, uploadBytes)
        : [await services.corpora.addPath(corpusId, source)]
      return reply.code(201).send({ items: sources.map(viewSource) })
    },
  )

  app.delete(
    '/v1/corpora/:corpusId/sources/:sourceId',
    {
      schema: {
        operationId: 'removeSource',
        tags: ['Corpora'],
        summary: 'Remove a source from a corpus',
        description:
          'An uploaded file is deleted. What was ingested stays until the next ingestion.',
        params: SourceParamsSchema,
        response: {
          204: emptyAnswer('It is gone.'),
          ...refusals('corpus-not-found', 'source-not-found', 'corpus-busy'),
        },
      },
    },
    async ({ params }, reply) => {
      await services.corpora.removeSource(params.corpusId, params.sourceId)
      return reply.code(204).send(null)
    },
  )
}
