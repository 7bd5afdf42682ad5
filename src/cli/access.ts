import { type ApiSecurity, isLoopback } from '../api/index.js'
import type { KeyService } from '../studies/keys.js'
import type { Config } from './config.js'
import { EnvironmentError } from './failures.js'

/**
 * How the API that listens where the configuration says is guarded.
 * @returns the settings, and whether nobody needs a key yet
 * @throws EnvironmentError when others could reach it and there is no key
 */
export async function accessOf(
  { host, redisUrl, rateLimit, corsOrigins, trustProxy }: Config,
  keys: Pick<KeyService, 'anyUnrevoked'>,
): Promise<{ security: Partial<ApiSecurity>; isOpen: boolean }> {
  const isLocal = isLoopback(host)
  const hasKeys = await keys.anyUnrevoked()
  if (!isLocal && !hasKeys) {
    throw new EnvironmentError(
      `whoever reaches ${host} could do everything: there is no key that the API could ask for`,
      'Make a key for the same DATABASE_URL or --data: mixwright keys create --name <name>. Or listen on 127.0.0.1.',
    )
  }
  const access = isLocal ? 'until-keys' : 'keys'
  const requestsPerMinute = rateLimit
  const security = { access, redisUrl, requestsPerMinute, corsOrigins, trustProxy } as const
  return { security, isOpen: !hasKeys }
}
