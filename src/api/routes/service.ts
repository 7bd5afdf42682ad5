import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { MixwrightError } from '../../errors.js'
import { closed } from '../schemas/common.js'
import { allErrorEntries, ErrorEntrySchema, findErrorEntry, refusals } from '../schemas/problems.js'
import { answer } from '../schemas/responses.js'

export const serviceRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/docs'))

  app.get(
    '/problems',
    {
      schema: {
        operationId: 'listProblems',
        tags: ['Service'],
        summary: 'List all error codes',
        response: {
          200: answer(
            Type.Object({ items: Type.Array(ErrorEntrySchema) }, closed),
            'The catalogue.',
          ),
          ...refusals(),
        },
      },
    },
    async () => ({ items: allErrorEntries() }),
  )

  app.get(
    '/problems/:code',
    {
      schema: {
        operationId: 'getProblem',
        tags: ['Service'],
        summary: 'Explain an error code',
        description: 'Where the `type` of a problem document points to.',
        params: Type.Object({ code: Type.String() }, closed),
        response: {
          200: answer(ErrorEntrySchema, 'What the code means and what to do about it.'),
          ...refusals('route-not-found'),
        },
      },
    },
    async ({ params }) => {
      const entry = findErrorEntry(params.code)
      if (entry) return entry
      throw new MixwrightError('route-not-found', `There is no error code "${params.code}".`)
    },
  )
}
