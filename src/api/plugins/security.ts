import fastifyPlugin from 'fastify-plugin'
import type { Services } from '../../studies/index.js'
import { type ApiSecurity, DEFAULT_API_SECURITY } from '../security.js'
import { authentication } from './authentication.js'
import { cors } from './cors.js'
import { rateLimits } from './rate-limits.js'
import { scopes } from './scopes.js'
import { securityHeaders } from './security-headers.js'

/** All that stands between a request and the routes. Goes before them, and before what describes them. */
export const security = fastifyPlugin<{ services: Services; settings?: Partial<ApiSecurity> }>(
  async (app, { services, settings }) => {
    const all = { ...DEFAULT_API_SECURITY, ...settings }
    await app.register(securityHeaders)
    await app.register(cors, all)
    await app.register(scopes)
    await app.register(rateLimits, all)
    await app.register(authentication, { services, ...all })
  },
  { name: 'security' },
)
