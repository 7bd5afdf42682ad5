import fastifyPlugin from 'fastify-plugin'
import { MixwrightError } from '../../studies/errors.js'

/** Requests that arrive on open connections while the service stops are refused, so that their caller tries elsewhere. */
export const stopping = fastifyPlugin(
  async (app) => {
    let isStopping = false
    app.addHook('preClose', async () => {
      isStopping = true
    })
    app.addHook('onRequest', async () => {
      if (isStopping) throw new MixwrightError('unavailable', 'The service is stopping.')
    })
  },
  { name: 'stopping' },
)
