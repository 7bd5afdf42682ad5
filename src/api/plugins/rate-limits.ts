import rateLimit, { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { MixwrightError } from '../../errors.js'
import type { ApiSecurity } from '../security.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts requests with wrong keys by the address that they come from. */
    wrongKeys: {
      /** @throws MixwrightError `rate-limited` when the address has sent too many */
      refuse(request: FastifyRequest, reply: FastifyReply): Promise<void>
      count(request: FastifyRequest): Promise<void>
    }
  }
}

type RateLimitOptions = Pick<ApiSecurity, 'requestsPerMinute' | 'failuresPerMinute' | 'redisUrl'>

const MINUTE_MS = 60_000
/** Keys and addresses that a process counts by itself; beyond that, those longest unseen are forgotten. */
const COUNTED = 10_000
/** A Redis that does not answer must not hold up requests. */
const REDIS_LIMIT_MS = 250
const LONGEST_RETRY_MS = 5_000

/**
 * Requests by key, told in `RateLimit-*` headers; requests without a key have no limit. Without Redis, or while it is away, nobody is
 * refused on its account.
 *
 * @see https://github.com/fastify/fastify-rate-limit
 */
export const rateLimits = fastifyPlugin<RateLimitOptions>(
  async (app, { requestsPerMinute, failuresPerMinute, redisUrl }) => {
    await app.register(rateLimit, {
      global: requestsPerMinute > 0,
      max: requestsPerMinute,
      timeWindow: MINUTE_MS,
      cache: COUNTED,
      redis: redisUrl === undefined ? undefined : await countAt(app, redisUrl),
      nameSpace: 'mixwright:requests:',
      skipOnError: true,
      enableDraftSpec: true,
      allowList: ({ apiKey }) => apiKey === null,
      keyGenerator: ({ apiKey }) => apiKey?.id ?? '',
      errorResponseBuilder: (_request, { max }) =>
        new MixwrightError('rate-limited', `The key may send ${max} requests a minute.`),
    })
    const failures = app.createRateLimit({
      max: failuresPerMinute,
      timeWindow: MINUTE_MS,
      allowList: () => false,
      keyGenerator: ({ ip }) => `wrong-keys:${normalizeIP(ip)}`,
    })
    app.decorate('wrongKeys', {
      async refuse(request, reply) {
        const status = await failures(request, { increment: false })
        // What is counted is what came before: this one would be one too many.
        if (status.isAllowed || status.remaining > 0 || status.ttl <= 0) return
        reply.header('retry-after', status.ttlInSeconds)
        throw new MixwrightError(
          'rate-limited',
          `${failuresPerMinute} requests with keys that are not valid came from ${request.ip} within a minute.`,
        )
      },
      async count(request) {
        await failures(request)
      },
    })
  },
  { name: 'rate-limits' },
)

/** @returns a client whose commands fail at once while Redis is away */
async function countAt(app: FastifyInstance, url: string) {
  const { Redis } = await import('ioredis')
  const redis = new Redis(url, {
    connectTimeout: LONGEST_RETRY_MS,
    commandTimeout: REDIS_LIMIT_MS,
    enableOfflineQueue: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: (tries) => Math.min(100 * 2 ** tries, LONGEST_RETRY_MS),
  })
  let isAway = false
  redis.on('ready', () => {
    isAway = false
  })
  redis.on('error', (error) => {
    if (!isAway) app.log.warn({ err: error }, 'Redis is away: requests are not counted')
    isAway = true
  })
  // An application that is built and never used leaves nothing open.
  app.addHook('onReady', async () => void redis.connect().catch(() => {}))
  app.addHook('onClose', async () => redis.disconnect())
  return redis
}
