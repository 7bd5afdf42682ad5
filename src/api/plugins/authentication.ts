import type { FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { MixwrightError } from '../../errors.js'
import { RecentlyUsed } from '../../recently-used.js'
import type { ApiKeyRecord } from '../../store/key-contract.js'
import type { KeyService } from '../../studies/keys.js'
import { challenge, readBearer } from '../bearer.js'
import { hostOf, isLoopback } from '../loopback.js'
import type { ApiSecurity } from '../security.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of whoever asks; null where no key is needed. */
    apiKey: ApiKeyRecord | null
    /**
     * Whether the request would be let in again, by what was known at most `oldestMs` ago: for answers that take long. Null where no
     * key is ever needed.
     */
    isStillAllowed: ((oldestMs: number) => Promise<boolean>) | null
  }
}

interface AuthenticationOptions extends Pick<ApiSecurity, 'access' | 'corsOrigins'> {
  services: { keys: Pick<KeyService, 'authenticate' | 'knows' | 'isStillValid' | 'anyUnrevoked'> }
}

/** Asks for a key wherever a route has a scope. */
export const authentication = fastifyPlugin<AuthenticationOptions>(
  async (app, { services, access, corsOrigins }) => {
    app.decorateRequest('apiKey', null)
    app.decorateRequest('isStillAllowed', null)
    // The services are looked at when they are needed: applications without access control may have none.
    if (access === 'none') return
    const { keys } = services
    app.addHook('onRequest', async (request, reply) => {
      const { scope } = request.routeOptions.config
      if (request.is404 || scope === null) return
      if (access === 'until-keys' && !(await keys.anyUnrevoked())) {
        request.isStillAllowed = async (oldestMs) => !(await keys.anyUnrevoked(oldestMs))
        return refuseForeigners(request, corsOrigins)
      }
      const apiKey = await identify(keys, request, reply)
      request.apiKey = apiKey
      request.isStillAllowed = (oldestMs) => keys.isStillValid(apiKey, oldestMs)
      const { prefix, scopes } = apiKey
      if (scope !== undefined && scopes.includes(scope)) return
      reply.header('www-authenticate', challenge('insufficient_scope', scope))
      throw new MixwrightError(
        'scope-missing',
        `This needs the scope \`${scope}\`; the key ${prefix} has ${scopes.join(', ')}.`,
      )
    })
  },
  { name: 'authentication', dependencies: ['scopes', 'rate-limits'] },
)

/**
 * Whose key it is that came with the request. Keys that this process has not seen yet are not even looked for while too many
 * wrong ones come from the same address; those that it knows are not held up by a neighbour's guesses.
 */
async function identify(
  keys: AuthenticationOptions['services']['keys'],
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<ApiKeyRecord> {
  const { wrongKeys } = request.server
  try {
    const key = readBearer(request.raw)
    if (!keys.knows(key)) await wrongKeys.refuse(request, reply)
    return await keys.authenticate(key)
  } catch (error) {
    if (!(error instanceof MixwrightError) || error.status !== 401) throw error
    const isWrong = error.code === 'key-invalid'
    if (isWrong) await wrongKeys.count(request)
    reply.header('www-authenticate', challenge(isWrong ? 'invalid_token' : undefined))
    throw error
  }
}

/** What the `Host` headers of late were: most requests bring the same one, and taking it apart is slow. */
const ownHosts = new RecentlyUsed<boolean>(16)

/**
 * While everybody on this machine may do everything, pages from elsewhere must not do it through somebody's browser: neither under
 * a name of their own that leads here (DNS rebinding) nor by forms.
 */
function refuseForeigners({ headers }: FastifyRequest, corsOrigins: readonly string[]): void {
  const { host = '', origin } = headers
  if (!ownHosts.get(host, () => isLoopback(hostOf(`http://${host}`)))) {
    throw new MixwrightError(
      'host-not-allowed',
      `The request is for "${host}"; without keys, only requests for localhost, 127.0.0.1 or [::1] are answered.`,
    )
  }
  if (origin === undefined || corsOrigins.includes(origin) || isLoopback(hostOf(origin))) return
  throw new MixwrightError(
    'origin-not-allowed',
    `The request comes from a page of ${origin}; without keys, only pages of this machine are answered.`,
  )
}
