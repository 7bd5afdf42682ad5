import fastifyPlugin from 'fastify-plugin'
import type { Metrics } from '../../metrics/index.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether its answers go on for as long as a client listens: their length says nothing of the service. */
    isStream?: boolean
  }
}

/** Addresses that are none of ours, whatever their text. */
const NO_ROUTE = 'none'

/** Counts and times every request. Register it before whatever may refuse one. */
export const httpMetrics = fastifyPlugin<{ metrics: Metrics }>(
  async (app, { metrics: { instruments } }) => {
    app.addHook('onRequest', ({ method, routeOptions }, { raw }, done) => {
      const begun = performance.now()
      instruments.requestsInFlight.inc()
      // The one event that comes at every end, also when the client goes first.
      raw.once('close', () => {
        instruments.requestsInFlight.dec()
        const isStream = routeOptions.config.isStream && raw.statusCode < 300
        if (isStream) return
        const status = raw.writableFinished ? String(raw.statusCode) : 'aborted'
        const labels = { method, route: routeOptions.url ?? NO_ROUTE, status }
        instruments.requestSeconds.observe(labels, (performance.now() - begun) / 1000)
      })
      done()
    })
  },
  { name: 'http-metrics' },
)
