import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { MixwrightError, problemDocument } from '../../errors.js'
import type { Services } from '../../studies/index.js'
import { LiveSchema, NotReadySchema, ReadySchema } from '../schemas/health.js'
import { refusals } from '../schemas/problems.js'
import { answer } from '../schemas/responses.js'

/** What those ask who watch over a process: on an API, and on a worker. */
export const healthRoutes: FastifyPluginAsyncTypebox<{
  services: Pick<Services, 'health'>
}> = async (app, { services }) => {
  app.get(
    '/livez',
    {
      logLevel: 'warn',
      schema: {
        operationId: 'isLive',
        tags: ['Service'],
        summary: 'Whether the process answers',
        response: { 200: answer(LiveSchema, 'It does.'), ...refusals() },
      },
    },
    async () => ({ status: 'live' as const }),
  )

  app.get(
    '/readyz',
    {
      logLevel: 'warn',
      schema: {
        operationId: 'isReady',
        tags: ['Service'],
        summary: 'Whether requests can be served',
        description:
          'Looks at the store and the queue. The embedded store keeps every acknowledged write when the process is ' +
          'killed, but does not promise to survive a power cut; `checks.store.detail` says so where it is in use.',
        response: {
          200: answer(ReadySchema, 'They can.'),
          ...refusals(),
          503: {
            description: '`unavailable`: They cannot; `checks` says what does not answer.',
            content: { 'application/problem+json': { schema: NotReadySchema } },
          },
        },
      },
    },
    async (request, reply) => {
      const { ready, checks, failures } = await services.health.ready()
      if (ready) return { status: 'ready' as const, checks }
      const failed = Object.keys(failures)
      for (const check of failed) request.log.error({ err: failures[check], check }, 'not ready')
      const error = new MixwrightError('unavailable', `Not ready: ${failed.join(', ')}.`)
      const extra = { instance: request.url, requestId: request.id, checks }
      return reply
        .code(503)
        .header('retry-after', 5)
        .type('application/problem+json')
        .send({ ...problemDocument(error), ...extra })
    },
  )
}
