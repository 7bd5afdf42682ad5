import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { RecommendationSchema } from '../../optimizers/recommendation.js'
import type { Services } from '../../studies/index.js'
import { DEFAULT_LIMITS } from '../../studies/limits.js'
import { StudyParamsSchema } from '../schemas/common.js'
import { predictionsExample, recommendationExample } from '../schemas/examples.js'
import { INLINE_FIXES, refusals, refusalsWithBody } from '../schemas/problems.js'
import { InlineStudySchema, MixturesSchema, PredictionsSchema } from '../schemas/recommendations.js'
import { answer } from '../schemas/responses.js'

interface Options {
  services: Services
  inlineBytes: number
}

export const recommendationRoutes: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { services, inlineBytes },
) => {
  app.get(
    '/v1/studies/:studyId/recommendation',
    {
      schema: {
        operationId: 'getRecommendation',
        tags: ['Recommendations'],
        summary: 'Get the recommended domain weights',
        description: 'From the latest fit that has finished.',
        params: StudyParamsSchema,
        response: {
          200: answer(RecommendationSchema, 'The weights, with the evidence for them.', {
            headers: {
              link: {
                type: 'string',
                description: 'Address of the fit it comes from (`rel="via"`).',
              },
            },
            example: recommendationExample,
          }),
          ...refusals('study-not-found', 'no-recommendation'),
        },
      },
    },
    async ({ params }, reply) => {
      const { fit, recommendation } = await services.recommendations.latest(params.studyId)
      reply.header('link', `</v1/studies/${params.studyId}/fits/${fit.id}>; rel="via"`)
      return recommendation
    },
  )

  app.post(
    '/v1/studies/:studyId/predictions',
    {
      config: { scope: 'read' },
      bodyLimit: inlineBytes,
      schema: {
        operationId: 'predict',
        tags: ['Recommendations'],
        summary: 'Predict the metrics of any mixture',
        description: 'By the models of the latest fit that has finished.',
        params: StudyParamsSchema,
        body: MixturesSchema,
        response: {
          200: answer(PredictionsSchema, 'Mean, standard deviation and 90 % interval per metric.', {
            example: predictionsExample,
          }),
          ...refusalsWithBody('study-not-found', 'no-recommendation'),
        },
      },
    },
    async ({ params, body }) => services.predictions.predict(params.studyId, body.mixtures),
  )

  app.post(
    '/v1/recommendations',
    {
      config: { scope: 'run', fixes: INLINE_FIXES },
      bodyLimit: inlineBytes,
      schema: {
        operationId: 'recommend',
        tags: ['Recommendations'],
        summary: 'Runs in, domain weights out, in one request',
        description:
          'Nothing is stored. Refused with `too-costly` when the work is more than fits in a request: above ' +
          `${DEFAULT_LIMITS.inlineRuns} runs, or ${DEFAULT_LIMITS.inlineCost} metric values (training runs × metrics) to ` +
          `learn, or when it has not ended after ${DEFAULT_LIMITS.inlineSeconds} s. It is stopped when the caller ` +
          'closes the connection.',
        body: InlineStudySchema,
        response: {
          200: answer(RecommendationSchema, 'The weights, with the evidence for them.', {
            example: recommendationExample,
          }),
          ...refusalsWithBody(
            'infeasible-space',
            'rows-invalid',
            'too-few-runs',
            'too-costly',
            'out-of-range',
            'overloaded',
          ),
        },
      },
    },
    async ({ body }, reply) => {
      const gone = whenGone(reply)
      try {
        return await services.recommendations.compute(body, gone)
      } catch (error) {
        // There is nobody to answer, and nothing that went wrong.
        if (gone.aborted) return reply.hijack()
        throw error
      }
    },
  )
}

/** Aborted when the connection ends before the answer does. */
function whenGone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  raw.once('close', () => {
    if (!raw.writableEnded) controller.abort()
  })
  return controller.signal
}
