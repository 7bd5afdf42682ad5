import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { acceptWatchers, sendEvents } from '../event-stream.js'
import { StudyParamsSchema } from '../schemas/common.js'
import { EventHeadersSchema, EventQuerySchema, StudyEventSchema } from '../schemas/events.js'
import { eventExample } from '../schemas/examples/searches.js'
import { refusals } from '../schemas/problems.js'
import type { StreamPlaces } from '../stream-places.js'

export const eventRoutes: FastifyPluginAsyncTypebox<{
  services: Services
  places: StreamPlaces
}> = async (app, { services, places }) => {
  await acceptWatchers(app)

  app.get(
    '/v1/studies/:studyId/events',
    {
      sse: 'only',
      config: { isStream: true },
      schema: {
        operationId: 'watchStudy',
        tags: ['Searches'],
        summary: 'Watch a study',
        description:
          'Server-sent events: what has happened, oldest first, and then what happens, as long as the connection lasts. ' +
          'A client that comes back with `Last-Event-ID` (as `EventSource` does) goes on where it stopped. Comments keep ' +
          'quiet connections open; a client that does not read for a minute is cut off. The stream ends when the key it was opened with is ' +
          'revoked or expires, and one that was opened without a key when there is one. A process has a limit of open streams, ' +
          'beyond which it answers `overloaded`.',
        params: StudyParamsSchema,
        querystring: EventQuerySchema,
        headers: EventHeadersSchema,
        response: {
          200: {
            description: 'The events. The schema shows a frame, with `data` as the JSON it holds.',
            content: {
              'text/event-stream': { schema: StudyEventSchema, example: eventExample },
            },
          },
          ...refusals('study-not-found', 'not-acceptable', 'overloaded'),
        },
      },
    },
    async (request, reply) => {
      const { isStillAllowed } = request
      const { studyId } = request.params
      const { after = 0 } = request.query
      const last = request.headers['last-event-id']
      return sendEvents(reply, { places, isStillAllowed }, (signal) =>
        services.events.follow(studyId, last === undefined ? after : Number(last), signal),
      )
    },
  )
}
