import fastifyCors from '@fastify/cors'
import fastifyPlugin from 'fastify-plugin'
import type { ApiSecurity } from '../security.js'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

const REQUEST_HEADERS = [
  'Accept',
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Last-Event-ID',
  'Traceparent',
  'Tracestate',
  'X-Request-Id',
]

const ANSWER_HEADERS = [
  'Allow',
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'Traceparent',
  'WWW-Authenticate',
  'X-Request-Id',
]

/** A preflight holds for ten minutes. */
const MAX_AGE_SECONDS = 600

/**
 * Lets pages of the listed origins ask; off when there are none. Goes before authentication: a preflight carries no key.
 *
 * @see https://github.com/fastify/fastify-cors
 */
export const cors = fastifyPlugin<Pick<ApiSecurity, 'corsOrigins'>>(
  async (app, { corsOrigins }) => {
    if (corsOrigins.length === 0) return
    await app.register(fastifyCors, {
      origin: [...corsOrigins],
      methods: METHODS,
      allowedHeaders: REQUEST_HEADERS,
      exposedHeaders: ANSWER_HEADERS,
      maxAge: MAX_AGE_SECONDS,
      // Without it an OPTIONS that is no preflight would get an answer that is no problem document.
      strictPreflight: false,
    })
  },
  { name: 'cors' },
)
