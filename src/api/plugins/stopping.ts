import { setMaxListeners } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import fastifyPlugin from 'fastify-plugin'
import { MixwrightError } from '../../errors.js'

declare module 'fastify' {
  interface FastifyInstance {
    /** Aborted when the service begins to stop: what would go on for long ends then. */
    stopSignal: AbortSignal
  }
}

/** Time for a connection to ask something, once the service stops. */
const SILENT_MS = 1000

/**
 * While the service stops, requests in hand are answered, and new ones refused, so that their callers try elsewhere. Either way
 * the connection ends with the answer: a client that kept it open would hold up the stop.
 */
export const stopping = fastifyPlugin(
  async (app) => {
    const stop = new AbortController()
    // Every event stream listens to it.
    setMaxListeners(0, stop.signal)
    app.decorate('stopSignal', stop.signal)
    const unused = unusedConnections(app.server)
    app.addHook('preClose', async () => {
      stop.abort()
      for (const socket of unused) socket.setTimeout(SILENT_MS)
    })
    app.addHook('onRequest', (_request, _reply, done) => {
      if (!stop.signal.aborted) return done()
      done(new MixwrightError('unavailable', 'The service is stopping.'))
    })
    app.addHook('onSend', (_request, reply, payload, done) => {
      if (stop.signal.aborted) reply.header('connection', 'close')
      done(null, payload)
    })
  },
  { name: 'stopping' },
)

/** Connections over which nothing has been asked yet. Node takes them for busy until their headers are overdue. */
function unusedConnections(server: Server): ReadonlySet<Socket> {
  const unused = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', ({ socket }) => unused.delete(socket))
  return unused
}
