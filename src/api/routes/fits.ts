import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { StudyParamsSchema } from '../schemas/common.js'
import { fitExample, jobExample } from '../schemas/examples.js'
import { FitParamsSchema, FitRequestSchema, FitSchema, viewFit } from '../schemas/fits.js'
import { acceptedJob, JobSchema, POLL_SECONDS, viewJob } from '../schemas/jobs.js'
import { refusals, refusalsWithBody } from '../schemas/problems.js'
import { answer } from '../schemas/responses.js'

export const fitRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  app.post(
    '/v1/studies/:studyId/fits',
    {
      config: { scope: 'run', isIdempotent: true },
      schema: {
        operationId: 'requestFit',
        tags: ['Fits'],
        summary: 'Request a fit',
        description:
          'Learns from the runs imported so far, in the background. Follow the job; when it has succeeded, its ' +
          '`result` is the address of the fit, and the recommendation of the study is made from it.',
        params: StudyParamsSchema,
        body: FitRequestSchema,
        response: {
          202: answer(JobSchema, 'It is on its way: the job.', {
            headers: acceptedJob,
            example: jobExample,
          }),
          ...refusalsWithBody('study-not-found', 'too-few-runs', 'overloaded'),
        },
      },
    },
    async ({ params, body, resourceId: id }, reply) => {
      const { job } = await services.fits.request(params.studyId, { ...body, id })
      return reply
        .code(202)
        .header('location', `/v1/jobs/${job.id}`)
        .header('retry-after', POLL_SECONDS)
        .send(viewJob(job))
    },
  )

  app.get(
    '/v1/studies/:studyId/fits/:fitId',
    {
      schema: {
        operationId: 'getFit',
        tags: ['Fits'],
        summary: 'Get a fit',
        params: FitParamsSchema,
        response: {
          200: answer(FitSchema, 'The fit.', { example: fitExample }),
          ...refusals('study-not-found', 'fit-not-found'),
        },
      },
    },
    async ({ params }) => viewFit(await services.fits.get(params.studyId, params.fitId)),
  )
}
