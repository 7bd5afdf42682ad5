import type { IncomingMessage } from 'node:http'
import multipart, { type MultipartFile } from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { MixwrightError } from '../errors.js'
import type { ImportOptions, TableUpload } from '../formats/importers/table.js'
import { alternatives } from '../formats/validation/index.js'
import { collectBytes } from './byte-collector.js'
import { asRefusal, drainAfterwards, formRefusal, readField } from './forms.js'
import { formatBytes } from './limits.js'

export interface UploadedTable {
  upload: TableUpload
  /** Given for forms; a JSON body carries its own. */
  options?: ImportOptions
}

const FILES = ['mixtures', 'metrics']
const FIELDS = ['role', 'name', 'fidelity', 'dryRun']

/** What a form holds beside its files: boundaries, headers and fields. */
const FORM_OVERHEAD = 64 * 1024

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
    limits: { fileSize: maxBytes + 1, fieldSize: 1024, fieldNameSize: 100, parts: 20 },
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
 * The run table of a request that came through `acceptRunTables`.
 * @throws MixwrightError `validation-failed`, `malformed-request`, `body-too-large`
 */
export async function readTable(request: FastifyRequest, maxBytes: number): Promise<UploadedTable> {
  if (request.isMultipart()) return readForm(request, maxBytes)
  if (request.body instanceof Uint8Array) {
    return { upload: { format: 'json', body: request.body } }
  }
  throw new MixwrightError('validation-failed', 'The request has no body.', [
    { pointer: '', detail: 'Send the runs as JSON, or a form with two CSV files.' },
  ])
}

async function readForm(request: FastifyRequest, maxBytes: number): Promise<UploadedTable> {
  if (Number(request.headers['content-length']) > maxBytes + FORM_OVERHEAD) {
    throw formTooLarge(maxBytes)
  }
  const files = new Map<string, Uint8Array>()
  const fields = new Map<string, string>()
  let left = maxBytes
  try {
    for await (const part of request.parts()) {
      if (files.has(part.fieldname) || fields.has(part.fieldname)) {
        throw formRefusal(part.fieldname, 'It is given twice.')
      }
      if (part.type === 'file') {
        const bytes = await readFile(part, left, maxBytes)
        left -= bytes.length
        files.set(part.fieldname, bytes)
      } else fields.set(part.fieldname, readField(part, { fields: FIELDS, files: FILES }))
    }
  } catch (error) {
    throw asRefusal(error, 'The form')
  }
  const [mixtures, metrics] = FILES.map((name) => files.get(name))
  if (mixtures && metrics) {
    return { upload: { format: 'csv', mixtures, metrics }, options: readOptions(fields) }
  }
  const missing = FILES.filter((name) => !files.has(name))
  throw new MixwrightError(
    'validation-failed',
    'The form lacks a file.',
    missing.map((name) => ({ pointer: `/${name}`, detail: 'This file is required.' })),
  )
}

async function readFile(part: MultipartFile, left: number, maxBytes: number): Promise<Uint8Array> {
  if (!FILES.includes(part.fieldname)) {
    throw formRefusal(
      part.fieldname,
      `There is no such file; the files are ${alternatives(FILES)}.`,
    )
  }
  return collectBytes(part.file, left, () => formTooLarge(maxBytes))
}

function readOptions(fields: ReadonlyMap<string, string>): ImportOptions {
  return {
    role: oneOf(fields, 'role', ['train', 'holdout'], 'train'),
    holdout: fields.get('name') ?? '',
    fidelity: fields.get('fidelity'),
    dryRun: oneOf(fields, 'dryRun', ['true', 'false'], 'false') === 'true',
  }
}

function oneOf<T extends string>(
  fields: ReadonlyMap<string, string>,
  name: string,
  allowed: readonly T[],
  fallback: T,
): T {
  const given = fields.get(name) ?? fallback
  const value = allowed.find((candidate) => candidate === given)
  if (value !== undefined) return value
  throw formRefusal(name, `Must be ${alternatives(allowed)}; got ${JSON.stringify(given)}.`)
}

function formTooLarge(maxBytes: number): MixwrightError {
  return new MixwrightError(
    'body-too-large',
    `The files of a form may have at most ${formatBytes(maxBytes)} together.`,
  )
}
