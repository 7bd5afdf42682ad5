import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { StudyParamsSchema } from '../schemas/common.js'
import { suggestionsExample } from '../schemas/examples/external-trials.js'
import { refusalsWithBody } from '../schemas/problems.js'
import { answer } from '../schemas/responses.js'
import {
  SuggestionRequestSchema,
  SuggestionsSchema,
  viewSuggestions,
} from '../schemas/suggestions.js'

export const suggestionRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  app.post(
    '/v1/studies/:studyId/suggestions',
    {
      config: { scope: 'run', isIdempotent: true },
      schema: {
        operationId: 'suggestTrials',
        tags: ['Trials'],
        summary: 'Get trials to train',
        description:
          'The client gets its unfinished trials back first, then those that may be offered again, then new mixtures: the uniform and ' +
          'the natural one, and then what the method suggests, knowing what is being tried; an adaptive one also knows all that was ' +
          'measured. Each comes with a lease, which heartbeats and measurements renew. A name stands for one trainer: two that share one get the same trials.',
        params: StudyParamsSchema,
        body: SuggestionRequestSchema,
        response: {
          200: answer(SuggestionsSchema, 'Trials that were there before, or none.', {
            headers: {
              'retry-after': {
                type: 'integer',
                description:
                  'With an empty list: seconds after which there may be something: trials of other clients may be offered again, or ' +
                  'tell the method more.',
              },
            },
            example: suggestionsExample,
          }),
          201: answer(SuggestionsSchema, 'Trials, new ones among them.', {
            example: suggestionsExample,
          }),
          ...refusalsWithBody('study-not-found', 'overloaded'),
        },
      },
    },
    async ({ params, body }, reply) => {
      const suggestions = await services.suggestions.suggest(params.studyId, body)
      const { created, retryAfter } = suggestions
      if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
      return reply.code(created > 0 ? 201 : 200).send(viewSuggestions(suggestions))
    },
  )
}
