import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { CorpusParamsSchema } from '../schemas/corpora.js'
import { ingestionExample, ingestJobExample } from '../schemas/examples/corpora.js'
import { IngestionParamsSchema, IngestionSchema, viewIngestion } from '../schemas/ingestions.js'
import { acceptedJob, JobSchema, POLL_SECONDS, viewJob } from '../schemas/jobs.js'
import { refusals } from '../schemas/problems.js'
import { answer } from '../schemas/responses.js'

export const ingestionRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  app.post(
    '/v1/corpora/:corpusId/ingestions',
    {
      config: { scope: 'run', isIdempotent: true },
      schema: {
        operationId: 'ingestCorpus',
        tags: ['Corpora'],
        summary: 'Ingest a corpus',
        description:
          'Reads all sources, drops exact duplicates, splits documents into train and validation, trains the tokenizer and ' +
          'writes tokens, in the background. Follow the job; when it has succeeded, its `result` is the address of the ' +
          'ingestion with its counts. The same sources give the same ingestion. Takes no body.',
        params: CorpusParamsSchema,
        response: {
          202: answer(JobSchema, 'It is on its way: the job.', {
            headers: acceptedJob,
            example: ingestJobExample,
          }),
          ...refusals(
            'corpus-not-found',
            'corpus-empty',
            'corpus-busy',
            'source-forbidden',
            'source-unreadable',
            'quota-exceeded',
          ),
        },
      },
    },
    async ({ params, resourceId }, reply) => {
      const { job } = await services.corpora.ingest(params.corpusId, resourceId)
      return reply
        .code(202)
        .header('location', `/v1/jobs/${job.id}`)
        .header('retry-after', POLL_SECONDS)
        .send(viewJob(job, params.corpusId))
    },
  )

  app.get(
    '/v1/corpora/:corpusId/ingestions/:ingestionId',
    {
      schema: {
        operationId: 'getIngestion',
        tags: ['Corpora'],
        summary: 'Get an ingestion',
        description: 'With documents, bytes and tokens by domain once its job has succeeded.',
        params: IngestionParamsSchema,
        response: {
          200: answer(IngestionSchema, 'The ingestion.', { example: ingestionExample }),
          ...refusals('corpus-not-found', 'ingestion-not-found'),
        },
      },
    },
    async ({ params }) =>
      viewIngestion(await services.corpora.ingestion(params.corpusId, params.ingestionId)),
  )
}
