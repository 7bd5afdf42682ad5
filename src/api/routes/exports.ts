import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ExportResult } from '../../formats/exporters/index.js'
import type { Services } from '../../studies/index.js'
import { preferredType } from '../preferred-type.js'
import {
  exportExample,
  exportFormatExample,
  exportTextExample,
} from '../schemas/examples/exports.js'
import {
  ExportFormatListSchema,
  ExportParamsSchema,
  ExportQuerySchema,
  ExportSchema,
  NewExportSchema,
  viewExportFormat,
} from '../schemas/exports.js'
import { refusals, refusalsWithBody } from '../schemas/problems.js'
import { answer } from '../schemas/responses.js'

const AS_TEXT = 'With `Accept: text/plain` the answer is the bare file, to be saved as it is.'

/** The export with all that is to be said about it, or the file alone. */
const exportAnswer = {
  description: 'The file, with what became of the weights; or the file alone.',
  headers: {
    'content-disposition': { type: 'string', description: 'Of the file alone: a name for it.' },
    'x-mixture-checksum': { type: 'string', description: '`checksum` of the export.' },
    'x-export-warnings': { type: 'string', description: 'Codes of its warnings, comma-separated.' },
  },
  content: {
    'application/json': { schema: ExportSchema, example: exportExample },
    'text/plain': {
      schema: { type: 'string', description: 'The file.' },
      example: exportTextExample,
    },
  },
}

export const exportRoutes: FastifyPluginAsyncTypebox<{ services: Services }> = async (
  app,
  { services },
) => {
  app.get(
    '/v1/export-formats',
    {
      schema: {
        operationId: 'listExportFormats',
        tags: ['Exports'],
        summary: 'List the formats that mixtures can be exported in',
        description: 'With the schema of their options and what their weights count.',
        response: {
          200: answer(ExportFormatListSchema, 'All formats.', {
            example: { items: [exportFormatExample] },
          }),
          ...refusals(),
        },
      },
    },
    async () => ({ items: services.exports.formats().map(viewExportFormat) }),
  )

  app.get(
    '/v1/studies/:studyId/recommendation/exports/:format',
    {
      schema: {
        operationId: 'exportRecommendation',
        tags: ['Exports'],
        summary: 'Export the recommended domain weights',
        description:
          `From the latest fit that has finished. ${AS_TEXT} Paths of the data are the names of the domains; to give ` +
          'others, use `POST /v1/exports`. Token counts and caps on repetition are those of the study.',
        params: ExportParamsSchema,
        querystring: ExportQuerySchema,
        response: {
          200: exportAnswer,
          ...refusals(
            'study-not-found',
            'no-recommendation',
            'export-format-not-found',
            'validation-failed',
          ),
        },
      },
    },
    async (request, reply) => {
      const { studyId, format } = request.params
      return send(request, reply, await services.exports.ofStudy(studyId, format, request.query))
    },
  )

  app.post(
    '/v1/exports',
    {
      config: { scope: 'read' },
      schema: {
        operationId: 'exportMixture',
        tags: ['Exports'],
        summary: 'Export any mixture, or a schedule of mixtures',
        description: `Nothing is stored. ${AS_TEXT}`,
        body: NewExportSchema,
        response: { 200: exportAnswer, ...refusalsWithBody('export-format-not-found') },
      },
    },
    async (request, reply) => {
      const { format, ...input } = request.body
      return send(request, reply, services.exports.ofMixture(format, input))
    },
  )
}

function send(request: FastifyRequest, reply: FastifyReply, result: ExportResult): FastifyReply {
  const { text, fileName, checksum, warnings } = result
  reply.header('vary', 'accept').header('x-mixture-checksum', checksum)
  if (warnings.length > 0) {
    const codes = new Set(warnings.map(({ code }) => code))
    reply.header('x-export-warnings', [...codes].join(', '))
  }
  if (preferredType(request.headers.accept, 'application/json', 'text/plain') === 'text/plain') {
    return reply
      .type('text/plain; charset=utf-8')
      .header('content-disposition', `attachment; filename="${fileName}"`)
      .send(text)
  }
  return reply.send(result)
}
