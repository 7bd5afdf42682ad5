import { createHash, type Hash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { type TObject, Type } from 'typebox'
import { MixwrightError } from '../../errors.js'
import { canonicalJson } from '../../optimizers/canonical-json.js'
import type { Services } from '../../studies/index.js'
import { withRefusals } from '../schemas/problems.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Takes an Idempotency-Key: what is made here is made once, however often it is asked for. */
    isIdempotent?: boolean
  }
  interface FastifyRequest {
    /**
     * With an Idempotency-Key: the id (UUID v7) of what is made, the same in every try. An earlier try may have made it, and
     * died before it could say so.
     */
    resourceId: string | undefined
    /** Set while a request with an Idempotency-Key is being worked on. */
    idempotentWork: IdempotentWork | undefined
  }
}

interface IdempotentWork {
  scope: string
  key: string
  /** Gives signs of life. */
  renewal: NodeJS.Timeout
}

export interface IdempotencyOptions {
  services: Pick<Services, 'idempotency' | 'keys'>
  /** Milliseconds without a sign of life after which the process that worked on a request has died. Default 15 s. */
  staleMs?: number
}

const HEADERS = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,255}$',
      description:
        'Names the request, so that it can be sent again: 1 to 255 visible ASCII characters, for instance a UUID. The same request ' +
        'with the same key gets the same answer, with `Idempotency-Replayed: true`, for 24 hours.',
    }),
  ),
})

/** What of an answer is kept; the rest belongs to a request of its own. */
const KEPT_HEADERS = ['content-type', 'location', 'etag', 'retry-after']

const RETRY_AFTER_SECONDS = 1
/** Bytes: a millisecond or so. */
const HASHED_AT_ONCE = 2 ** 20

/**
 * Makes requests that create or spend safe to send twice (draft-ietf-httpapi-idempotency-key-header): the first answer is kept and
 * given again. Answers that say "try again" (429, 5xx) are not kept, nor is what was said to a request that broke off.
 */
export const idempotency = fastifyPlugin<IdempotencyOptions>(
  async (app, { services, staleMs = 15_000 }) => {
    app.decorateRequest('resourceId', undefined)
    app.decorateRequest('idempotentWork', undefined)
    app.addHook('onRoute', document)

    app.addHook('preHandler', async (request, reply) => {
      const key = request.headers['idempotency-key']
      if (!request.routeOptions.config.isIdempotent || typeof key !== 'string') return
      const scope = await scopeOf(request, services)
      const fingerprint = await fingerprintOf(request)
      const begun = await services.idempotency.begin(scope, key, fingerprint, staleMs)
      switch (begun.outcome) {
        case 'begun': {
          const renew = () => {
            // Without the database no answer can be kept either: the next try begins again, with the same resource id.
            services.idempotency.renew(scope, key).catch(() => {})
          }
          const renewal = setInterval(renew, staleMs / 3).unref()
          request.idempotentWork = { scope, key, renewal }
          request.resourceId = begun.resourceId
          return
        }
        case 'answered':
          return reply
            .code(begun.answer.status)
            .headers({ ...begun.answer.headers, 'idempotency-replayed': 'true' })
            .send(begun.answer.body)
        case 'running':
          reply.header('retry-after', RETRY_AFTER_SECONDS)
          throw new MixwrightError('idempotency-key-in-flight', `The key is "${key}".`)
        case 'other-request':
          throw new MixwrightError(
            'idempotency-key-reused',
            `The key "${key}" came to this address with another body or query before.`,
          )
      }
    })

    app.addHook('onSend', (request, reply, payload, done) => {
      const work = request.idempotentWork
      if (!work) return done(null, payload)
      request.idempotentWork = undefined
      clearInterval(work.renewal)
      settle(services.idempotency, work, request, reply, payload)
        .catch((error) => {
          // What was made is made, and its caller should hear of it; who asks again finds it by its id.
          request.log.error({ err: error }, 'the answer to an Idempotency-Key was not kept')
        })
        .then(() => done(null, payload))
    })
  },
  { name: 'idempotency' },
)

async function settle(
  keys: Services['idempotency'],
  { scope, key }: IdempotentWork,
  { raw }: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<void> {
  const { statusCode: status } = reply
  const body = payload ?? ''
  const isLasting = status < 500 && status !== 429 && raw.complete !== false
  if (!isLasting || typeof body !== 'string') return keys.release(scope, key)
  const headers = KEPT_HEADERS.flatMap((name) => {
    const value = reply.getHeader(name)
    return value === undefined ? [] : [[name, String(value)]]
  })
  await keys.answer(scope, key, { status, headers: Object.fromEntries(headers), body })
}

/** Keys of one caller, or for one address, are nothing to another. A key that takes another's place is the same caller. */
async function scopeOf(
  { apiKey, method, url }: FastifyRequest,
  { keys }: IdempotencyOptions['services'],
): Promise<string> {
  const [address] = url.split('?', 1)
  const caller = apiKey ? await keys.originOf(apiKey) : 'open'
  return `${caller} ${method} ${address}`
}

/**
 * SHA-256 of the query and the body. JSON that says the same is the same. Forms are stored as they arrive, too late to be compared:
 * of them only the length counts.
 */
async function fingerprintOf({ headers, url, body }: FastifyRequest): Promise<string> {
  const [, ...query] = url.split('?')
  const hash = createHash('sha256').update(`${query.join('?')}\n`)
  if (body instanceof Uint8Array) await updateInTurns(hash.update('bytes\n'), body)
  else if (body !== undefined) await updateInTurns(hash.update('json\n'), canonicalBytes(body))
  else if (headers['content-type'] === undefined) hash.update('none\n')
  else hash.update(`form ${headers['content-length'] ?? ''}\n`)
  return hash.digest('hex')
}

const canonicalBytes = (body: unknown) => Buffer.from(canonicalJson(body))

/** Lets others have their turn: 64 MiB at once would hold up the process for as long as they take. */
async function updateInTurns(hash: Hash, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += HASHED_AT_ONCE) {
    if (at > 0) await nextTurn()
    hash.update(bytes.subarray(at, at + HASHED_AT_ONCE))
  }
}

/** Says in the OpenAPI description what the header does. */
function document(route: RouteOptions): void {
  const { config, schema } = route
  if (!config?.isIdempotent || !schema) return
  const { properties = {} } = (schema.headers ?? {}) as Partial<TObject>
  schema.headers = Type.Object({ ...properties, ...HEADERS.properties })
  schema.response = withRefusals(
    schema.response ?? {},
    'idempotency-key-in-flight',
    'idempotency-key-reused',
  )
}
