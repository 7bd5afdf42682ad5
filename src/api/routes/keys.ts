import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { decodeCursor, paginate } from '../cursors.js'
import { DEFAULT_PAGE_SIZE, PageQuerySchema, PageSchema } from '../schemas/common.js'
import {
  keyExample,
  keyPageExample,
  madeKeyExample,
  rotatedKeyExample,
} from '../schemas/examples/keys.js'
import {
  KeyParamsSchema,
  KeySchema,
  MadeKeySchema,
  NewKeySchema,
  RotationSchema,
  readExpiry,
  viewKey,
  viewMadeKey,
} from '../schemas/keys.js'
import { refusals, refusalsWithBody } from '../schemas/problems.js'
import { answer, emptyAnswer } from '../schemas/responses.js'

const config = { scope: 'admin' } as const

const headers = { location: { type: 'string', description: 'Address of the key.' } } as const

export const keyRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  app.post(
    '/v1/keys',
    {
      config,
      schema: {
        operationId: 'createKey',
        tags: ['Keys'],
        summary: 'Make a key',
        description:
          'The answer holds the key itself, this once. With the first key, an open service begins to ask for keys. Takes no ' +
          'Idempotency-Key, because no answer with a key is kept: if the answer is lost, revoke the key that the list shows.',
        body: NewKeySchema,
        response: {
          201: answer(MadeKeySchema, 'The key.', { headers, example: madeKeyExample }),
          ...refusalsWithBody(),
        },
      },
    },
    async ({ body: { name, scopes, expiresAt }, apiKey }, reply) => {
      const made = await services.keys.create(
        { name, scopes, expiresAt: readExpiry(expiresAt) },
        apiKey ?? undefined,
      )
      return reply
        .code(201)
        .header('location', `/v1/keys/${made.record.id}`)
        .send(viewMadeKey(made))
    },
  )

  app.get(
    '/v1/keys',
    {
      config,
      schema: {
        operationId: 'listKeys',
        tags: ['Keys'],
        summary: 'List keys, newest first',
        description: 'Also those that have expired or were revoked.',
        querystring: PageQuerySchema,
        response: {
          200: answer(PageSchema(KeySchema), 'A page of keys.', { example: keyPageExample }),
          ...refusals('malformed-cursor'),
        },
      },
    },
    async ({ query: { limit = DEFAULT_PAGE_SIZE, cursor } }) => {
      const scope = { list: 'keys', filters: {} }
      const after = cursor && decodeCursor(scope, cursor)
      return paginate(scope, await services.keys.list({ limit, after }), viewKey)
    },
  )

  app.get(
    '/v1/keys/:keyId',
    {
      config,
      schema: {
        operationId: 'getKey',
        tags: ['Keys'],
        summary: 'Get a key',
        params: KeyParamsSchema,
        response: {
          200: answer(KeySchema, 'The key, without the key itself.', { example: keyExample }),
          ...refusals('key-not-found'),
        },
      },
    },
    async ({ params }) => viewKey(await services.keys.get(params.keyId)),
  )

  app.post(
    '/v1/keys/:keyId/rotation',
    {
      config,
      schema: {
        operationId: 'rotateKey',
        tags: ['Keys'],
        summary: 'Rotate a key',
        description:
          'Makes a successor with the same name and scopes, and ends the old key, at once or after an overlap. The key that asks ' +
          'must itself have all scopes of the key. Takes no Idempotency-Key.',
        params: KeyParamsSchema,
        body: RotationSchema,
        response: {
          201: answer(MadeKeySchema, 'The successor.', { headers, example: rotatedKeyExample }),
          ...refusalsWithBody('key-not-found', 'key-ended'),
        },
      },
    },
    async ({ params, body: { overlapSeconds, expiresAt }, apiKey }, reply) => {
      const made = await services.keys.rotate(
        params.keyId,
        { overlapSeconds, expiresAt: readExpiry(expiresAt) },
        apiKey ?? undefined,
      )
      return reply
        .code(201)
        .header('location', `/v1/keys/${made.record.id}`)
        .send(viewMadeKey(made))
    },
  )

  app.delete(
    '/v1/keys/:keyId',
    {
      config,
      schema: {
        operationId: 'revokeKey',
        tags: ['Keys'],
        summary: 'Revoke a key',
        description:
          'It ends within five seconds, in every process; the list goes on to show it. Asking twice is no error.',
        params: KeyParamsSchema,
        response: { 204: emptyAnswer('It is revoked.'), ...refusals('key-not-found') },
      },
    },
    async ({ params }, reply) => {
      await services.keys.revoke(params.keyId)
      return reply.code(204).send(null)
    },
  )
}
