import type { IncomingMessage } from 'node:http'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { formatBytes } from '../byte-size.js'
import { MixwrightError } from '../errors.js'
import type { ImportOptions, TableUpload } from '../formats/importers/table.js'
import { collectBytes } from './byte-collector.js'
import { asRefusal, drainAfterwards } from './forms.js'
import { type ImportFormOptions, MOST_FILES, readImportForm } from './import-forms.js'

export interface UploadedTable {
  upload: TableUpload
  /** Given for forms; a JSON body carries its own. */
  options?: ImportOptions
  /** Removes what was stored of it. */
  remove(): Promise<void>
}

/** Takes JSON as bytes, unparsed, and forms; for the routes of this scope only. */
export async function acceptRunTables(app: FastifyInstance, maxBytes: number): Promise<void> {
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser(
    'application/json',
    (request: FastifyRequest, payload: IncomingMessage) => {
      return readJson(request, payload, maxBytes)
    },
  )
  await app.register(multipart, {
    // The folder of a file may name the run that it is of.
    preservePath: true,
    limits: {
      // The parser would only cut a file short; too large a one is refused where it is read.
      fileSize: Number.POSITIVE_INFINITY,
      fieldSize: 256 * 1024,
      fieldNameSize: 100,
      parts: MOST_FILES + 20,
    },
  })
  drainAfterwards(app)
}

/** The body as it came: a body of many megabytes is parsed in a worker thread. */
async function readJson(
  request: FastifyRequest,
  payload: IncomingMessage,
  maxBytes: number,
): Promise<Uint8Array> {
  const tooLarge = () =>
    new MixwrightError('body-too-large', `The body may have at most ${formatBytes(maxBytes)} here.`)
  if (Number(request.headers['content-length']) > maxBytes) throw tooLarge()
  try {
    // Destroying the stream would close the connection before it has carried the answer.
    const chunks: AsyncIterable<Buffer> = payload.iterator({ destroyOnReturn: false })
    return await collectBytes(chunks, maxBytes, tooLarge)
  } catch (error) {
    throw asRefusal(error, 'The body')
  }
}

/**
 * The run table of a request that came through `acceptRunTables`. Remove it when it has been imported, or not.
 * @throws MixwrightError `validation-failed`, `malformed-request`, `body-too-large`, and what storing files refuses
 */
export async function readTable(
  request: FastifyRequest,
  options: ImportFormOptions,
): Promise<UploadedTable> {
  if (request.isMultipart()) return readImportForm(request, options)
  if (request.body instanceof Uint8Array) {
    return { upload: { format: 'json', body: request.body }, remove: async () => {} }
  }
  throw new MixwrightError('validation-failed', 'The request has no body.', [
    { pointer: '', detail: 'Send the runs as JSON, or a form with files.' },
  ])
}
