import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Services } from '../../studies/index.js'
import { decodeCursor, paginate } from '../cursors.js'
import { compileRequestPart } from '../plugins/validation.js'
import {
  DEFAULT_PAGE_SIZE,
  PageQuerySchema,
  PageSchema,
  StudyParamsSchema,
} from '../schemas/common.js'
import { importExample, previewExample } from '../schemas/examples.js'
import {
  ImportBody,
  ImportPreviewSchema,
  ImportSchema,
  viewImport,
  viewPreview,
} from '../schemas/imports.js'
import { refusals, refusalsWithBody } from '../schemas/problems.js'
import { answer } from '../schemas/responses.js'
import { acceptRunTables, readTable } from '../uploads.js'

interface Options {
  services: Services
  importBytes: number
  importFileBytes: number
}

export const importRoutes: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { services, importBytes, importFileBytes },
) => {
  await acceptRunTables(app, importBytes)

  app.post(
    '/v1/studies/:studyId/imports',
    {
      bodyLimit: importBytes,
      config: {
        consumes: Object.keys(ImportBody.content),
        isUpload: true,
        isIdempotent: true,
      },
      // The body is parsed and checked in a worker thread; here it is only bytes.
      validatorCompiler: (part) =>
        part.httpPart === 'body' ? () => true : compileRequestPart(part),
      schema: {
        operationId: 'importRuns',
        tags: ['Runs'],
        summary: 'Import a run table',
        description:
          'Runs as JSON, or files in a form: a pair of CSV files, or results as evaluators and trackers write them (`format`). ' +
          'All rows are imported, or none. Weights of a row sum to 1 within 0.005. The same run id may occur once a role, ' +
          'hold-out and fidelity; the same mixture under another id is a replicate. In the pair of CSV files a column named ' +
          '`train_…` is the domain, and one named `metric/…` the metric, whose name follows the prefix. Files of results are ' +
          'joined with `mixtures` by the run id; runs that were evaluated in different ways are refused.',
        params: StudyParamsSchema,
        body: ImportBody,
        response: {
          200: answer(ImportPreviewSchema, 'With `dryRun`: what an import would do.', {
            example: previewExample,
          }),
          201: answer(ImportSchema, 'The rows are stored.', { example: importExample }),
          ...refusalsWithBody(
            'study-not-found',
            'rows-invalid',
            'import-format-mismatch',
            'evaluations-incompatible',
            'run-already-imported',
            'too-many-rows',
            'quota-exceeded',
            'disk-full',
          ),
        },
      },
    },
    async (request, reply) => {
      const { studyId } = request.params
      const { upload, options, remove } = await readTable(request, {
        importBytes,
        importFileBytes,
        receive: () => services.imports.receive(studyId),
      })
      const { resourceId } = request
      const done = await services.imports
        .importRuns(studyId, upload, options, resourceId)
        .finally(remove)
      return done.import === null
        ? reply.code(200).send(viewPreview(done.table))
        : reply.code(201).send(viewImport(done.import))
    },
  )

  app.get(
    '/v1/studies/:studyId/imports',
    {
      schema: {
        operationId: 'listImports',
        tags: ['Runs'],
        summary: 'List the imports of a study, in the order of their creation',
        params: StudyParamsSchema,
        querystring: PageQuerySchema,
        response: {
          200: answer(PageSchema(ImportSchema), 'A page of imports.', {
            example: { items: [importExample], pagination: { cursor: null, hasMore: false } },
          }),
          ...refusals('study-not-found', 'malformed-cursor'),
        },
      },
    },
    async ({ params: { studyId }, query: { limit = DEFAULT_PAGE_SIZE, cursor } }) => {
      const scope = { list: 'imports', filters: { studyId } }
      const after = cursor && decodeCursor(scope, cursor)
      return paginate(scope, await services.imports.list(studyId, { limit, after }), viewImport)
    },
  )
}
