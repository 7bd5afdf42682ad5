import fastifyPlugin from 'fastify-plugin'
import { MixwrightError } from '../../errors.js'

/**
 * While the service stops, requests in hand are answered, and new ones refused, so that their callers try elsewhere. Either way
 * the connection ends with the answer: a client that kept it open would hold up the stop.
 */
export const stopping = fastifyPlugin(
  async (app) => {
    let isStopping = false
    app.addHook('preClose', async () => {
      isStopping = true
    })
    app.addHook('onRequest', async () => {
      if (isStopping) throw new MixwrightError('unavailable', 'The service is stopping.')
    })
    app.addHook('onSend', async (_request, reply) => {
      if (isStopping) reply.header('connection', 'close')
    })
  },
  { name: 'stopping' },
)
