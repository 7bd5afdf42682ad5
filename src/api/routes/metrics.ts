import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { Metrics } from '../../metrics/index.js'
import { refusals } from '../schemas/problems.js'

export const metricRoutes: FastifyPluginAsyncTypebox<{ metrics: Metrics }> = async (
  app,
  { metrics },
) => {
  app.get(
    '/metrics',
    {
      logLevel: 'warn',
      schema: {
        operationId: 'getMetrics',
        tags: ['Service'],
        summary: 'Metrics for Prometheus',
        description:
          'Of this process: requests, event streams, work on jobs, trainings, memory and event loop. Of all processes together: ' +
          'the depth of the queue, jobs, trials and leases; these are a few seconds old at most.',
        response: {
          200: {
            description: 'The metrics, in the text form of Prometheus.',
            content: {
              'text/plain': {
                schema: Type.String(),
                example:
                  '# HELP mixwright_trainings Proxies that this process is training.\n' +
                  '# TYPE mixwright_trainings gauge\nmixwright_trainings 2\n',
              },
            },
          },
          ...refusals(),
        },
      },
    },
    async (_request, reply) => {
      const text = await metrics.text()
      return reply.type(metrics.contentType).send(text)
    },
  )
}
