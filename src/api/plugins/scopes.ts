import type { RouteOptions } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Scope } from '../../store/key-contract.js'
import { withRefusals } from '../schemas/problems.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key must allow; null where no key is needed. Default: `read` for GET, else `write`. */
    scope?: Scope | null
  }
}

/** Addresses that tell nothing about anybody's data. `*` is where the preflights of CORS arrive. */
const PUBLIC = /^(\*|\/|\/livez|\/readyz|\/problems(\/.*)?|\/docs(\/.*)?)$/

/** Gives every route that comes after it a scope, and says in the OpenAPI description what it needs. */
export const scopes = fastifyPlugin(
  async (app) => {
    app.addHook('onRoute', (route) => {
      const scope = scopeOf(route)
      route.config = { ...route.config, scope }
      // HEAD is the GET route again, whose description says it already.
      if (route.schema && route.method !== 'HEAD') describe(route.schema, scope)
    })
  },
  { name: 'scopes' },
)

function scopeOf({ url, method, config }: RouteOptions): Scope | null {
  if (PUBLIC.test(url)) return null
  const isReading = [method].flat().every((one) => one === 'GET' || one === 'HEAD')
  return config?.scope ?? (isReading ? 'read' : 'write')
}

function describe(schema: NonNullable<RouteOptions['schema']>, scope: Scope | null): void {
  schema.security = scope === null ? [] : [{ apiKey: [scope] }]
  if (scope === null) return
  const needs = `Needs a key with the scope \`${scope}\`.`
  schema.description = schema.description === undefined ? needs : `${schema.description} ${needs}`
  schema.response = withRefusals(
    schema.response ?? {},
    'key-missing',
    'key-invalid',
    'scope-missing',
    'host-not-allowed',
    'origin-not-allowed',
    'rate-limited',
  )
}
