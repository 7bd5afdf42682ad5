import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { methodExample } from '../schemas/examples.js'
import {
  MethodListSchema,
  MethodParamsSchema,
  MethodSchema,
  viewMethod,
} from '../schemas/methods.js'
import { refusals } from '../schemas/problems.js'
import { answer } from '../schemas/responses.js'

export const methodRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  app.get(
    '/v1/methods',
    {
      schema: {
        operationId: 'listMethods',
        tags: ['Methods'],
        summary: 'List the search methods',
        description:
          'With the schema of their parameters, what they can do, and where they come from.',
        response: {
          200: answer(MethodListSchema, 'All methods.', { example: { items: [methodExample] } }),
          ...refusals(),
        },
      },
    },
    async () => ({ items: services.methods.list().map(viewMethod) }),
  )

  app.get(
    '/v1/methods/:name',
    {
      schema: {
        operationId: 'getMethod',
        tags: ['Methods'],
        summary: 'Get one method',
        params: MethodParamsSchema,
        response: {
          200: answer(MethodSchema, 'The method.', { example: methodExample }),
          ...refusals('method-not-found'),
        },
      },
    },
    async ({ params }) => viewMethod(services.methods.get(params.name)),
  )
}
