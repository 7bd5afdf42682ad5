import type { IncomingMessage } from 'node:http'
import fastifyPlugin from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether bodies of any length arrive here, which have no deadline as long as they do arrive. */
    isUpload?: boolean
  }
}

interface Options {
  /** Milliseconds for a body to arrive. Default 5 min: 64 MiB at 2 Mbit/s. */
  bodyMs?: number
  /** Milliseconds without a byte after which an upload has broken off. Default 2 min. */
  idleMs?: number
}

/**
 * Ends connections whose bodies do not come. Node's own deadline is one for all addresses, which is too short for uploads
 * of many gigabytes and too long for everything else.
 */
export const bodyDeadlines = fastifyPlugin<Options>(
  async (app, { bodyMs = 300_000, idleMs = 120_000 }) => {
    app.server.requestTimeout = 0
    app.addHook('onRequest', ({ raw, routeOptions }, reply, done) => {
      if (hasBody(raw)) {
        if (routeOptions.config.isUpload) reply.raw.setTimeout(idleMs, () => raw.destroy())
        else limit(raw, bodyMs)
      }
      done()
    })
    app.addHook('onResponse', ({ raw, routeOptions }, _reply, done) => {
      // The rest of a refused upload is read to its end, but not for ever.
      if (routeOptions.config.isUpload && !raw.complete) limit(raw, bodyMs)
      done()
    })
  },
  { name: 'body-deadlines' },
)

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0
}

function limit(raw: IncomingMessage, milliseconds: number): void {
  const timer = setTimeout(() => {
    if (!raw.complete) raw.destroy()
  }, milliseconds).unref()
  raw.once('close', () => clearTimeout(timer))
}
