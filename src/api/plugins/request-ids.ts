import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import fastifyPlugin from 'fastify-plugin'

/** What a caller may hand in as the id of a request: it goes into headers and logs. */
const SAFE_ID = /^[\w.:/+=-]{1,128}$/

/** The caller's `x-request-id` where it is usable, else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && SAFE_ID.test(given) ? given : randomUUID()
}

/** Names every request in the headers of its answer. */
export const requestIds = fastifyPlugin(
  async (app) => {
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      done()
    })
  },
  { name: 'request-ids' },
)
