import type { FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { MixwrightError } from '../../errors.js'
import { readJson } from '../../formats/json.js'

/**
 * How bodies are read: JSON in UTF-8, sent as it is. Unlike Fastify's own parser this one says where a text stops being
 * JSON, replaces no broken characters, and takes every name as a name (`__proto__`, too: nothing here assigns by them).
 */
export const bodies = fastifyPlugin(
  async (app) => {
    app.removeContentTypeParser(['text/plain', 'application/json'])
    app.addContentTypeParser(
      'application/json',
      { parseAs: 'buffer' },
      async (_request: FastifyRequest, body: Buffer) => readJson(body, 'The body'),
    )
    app.addHook('onRequest', ({ headers }, _reply, done) => {
      const encoding = headers['content-encoding']
      if (encoding === undefined || encoding === 'identity') return done()
      const detail = `The content encoding is ${encoding}; send the body as it is, not compressed.`
      done(new MixwrightError('unsupported-media-type', detail))
    })
  },
  { name: 'bodies' },
)
