import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { formatBytes } from '../byte-size.js'
import { MixwrightError } from '../errors.js'
import {
  FILE_FORMATS,
  type ImportFormat,
  isFileFormat,
  isPairFormat,
  requireFormat,
} from '../formats/importers/index.js'
import type { TableUpload } from '../formats/importers/table.js'
import { alternatives, findUnstorable } from '../formats/validation/index.js'
import type { ReceivedFiles } from '../studies/imports.js'
import { collectBytes } from './byte-collector.js'
import { asRefusal, formRefusal, readField } from './forms.js'
import { FORM_FIELDS, isReadingField, readOptions } from './import-fields.js'
import { FORM_OVERHEAD, partsOf, Room, watched } from './streamed-files.js'
import type { UploadedTable } from './uploads.js'

export interface ImportFormOptions {
  /** Bytes of the files that are held in memory, together. */
  importBytes: number
  /** Bytes of the files that are stored as they come, together. */
  importFileBytes: number
  /** Opens a place for them, when the first of them comes. */
  receive(): Promise<ReceivedFiles>
}

/** Files of one form. */
export const MOST_FILES = 5_000

/** Those of a pair, of which `mixtures` may also stand beside files of results. */
const TABLES = ['mixtures', 'metrics']
const FILES = [...TABLES, 'file']

const LONGEST_NAME = 1_000

/** The form of an import as far as it has been read. */
class ImportForm {
  readonly #request: FastifyRequest
  readonly #options: ImportFormOptions
  readonly #room: Room
  readonly #tables = new Map<string, Uint8Array>()
  readonly #fields = new Map<string, string>()
  #left: number
  #received: ReceivedFiles | undefined

  constructor(request: FastifyRequest, options: ImportFormOptions) {
    this.#request = request
    this.#options = options
    this.#left = options.importBytes
    this.#room = new Room(options.importFileBytes)
  }

  async read(): Promise<UploadedTable> {
    const announced = Number(this.#request.headers['content-length'])
    const { importFileBytes, importBytes } = this.#options
    if (announced > importFileBytes + importBytes + FORM_OVERHEAD) throw this.#room.exceeded()
    for await (const part of partsOf(this.#request)) {
      const { fieldname } = part
      if (this.#tables.has(fieldname) || this.#fields.has(fieldname)) {
        throw formRefusal(fieldname, 'It is given twice.')
      }
      if (part.type === 'file') await this.#takeFile(part)
      else {
        const value = readField(part, { fields: FORM_FIELDS, files: FILES })
        if (fieldname === 'format') requireFormat(value)
        this.#fields.set(fieldname, value)
      }
    }
    const upload = this.#upload()
    const options = readOptions(this.#fields)
    return { upload, options, remove: () => this.remove() }
  }

  async remove(): Promise<void> {
    await this.#received?.remove()
  }

  async #takeFile(part: MultipartFile): Promise<void> {
    if (TABLES.includes(part.fieldname)) {
      const bytes = await this.#collect(part)
      this.#left -= bytes.length
      this.#tables.set(part.fieldname, bytes)
    } else if (part.fieldname === 'file') await this.#store(part)
    else {
      const known = alternatives(FILES)
      throw formRefusal(part.fieldname, `There is no such file; the files are ${known}.`)
    }
  }

  async #collect({ file }: MultipartFile): Promise<Uint8Array> {
    try {
      return await collectBytes(file, this.#left, () => {
        const most = formatBytes(this.#options.importBytes)
        const detail = `The files ${alternatives(TABLES)} of a form may have at most ${most} together.`
        return new MixwrightError('body-too-large', detail)
      })
    } catch (error) {
      throw asRefusal(error, 'The form')
    }
  }

  async #store({ file, filename = '' }: MultipartFile): Promise<void> {
    const format = this.#fields.get('format')
    if (format !== undefined && !isFileFormat(format)) throw notOfFiles(format as ImportFormat)
    if (filename.length > LONGEST_NAME || findUnstorable(filename)) {
      throw formRefusal('file', 'Its name is too long, or holds what is no text.')
    }
    this.#received ??= await this.#options.receive()
    const received = this.#received
    const content = watched(file, this.#room, this.#request.server.stopSignal)
    await content.into((stream) => received.add(filename, stream))
  }

  #upload(): TableUpload {
    const given = this.#fields.get('format')
    const files = [...(this.#received?.files ?? [])]
    if (given === undefined && files.length > 0) {
      const formats = alternatives([...FILE_FORMATS])
      throw formRefusal('format', `It is required with a file: ${formats}.`)
    }
    const format = requireFormat(given ?? 'csv')
    const [mixtures, metrics] = TABLES.map((name) => this.#tables.get(name))
    if (isFileFormat(format)) {
      if (metrics) throw formRefusal('metrics', `The format ${format} takes its results as "file".`)
      if (files.length === 0) throw formRefusal('file', `The format ${format} needs this file.`)
      return { format, files, mixtures }
    }
    if (!isPairFormat(format) || files.length > 0) throw notOfFiles(format)
    const option = [...this.#fields.keys()].find(isReadingField)
    if (option) throw formRefusal(option, `The format ${format} has no such option.`)
    if (mixtures && metrics) return { format, mixtures, metrics }
    const missing = TABLES.filter((name) => !this.#tables.has(name))
    throw new MixwrightError(
      'validation-failed',
      'The form lacks a file.',
      missing.map((name) => ({ pointer: `/${name}`, detail: 'This file is required.' })),
    )
  }
}

function notOfFiles(format: ImportFormat): MixwrightError {
  return format === 'json'
    ? formRefusal('format', 'JSON is sent as the body of the request (application/json).')
    : formRefusal('file', `The format ${format} takes the files ${TABLES.join(' and ')} instead.`)
}

/**
 * Reads a form: a pair of tables into memory, files of results into a place for them.
 * @throws MixwrightError `validation-failed`, `malformed-request`, `body-too-large`, and what `receive` and the place refuse
 */
export async function readImportForm(
  request: FastifyRequest,
  options: ImportFormOptions,
): Promise<UploadedTable> {
  const form = new ImportForm(request, options)
  try {
    return await form.read()
  } catch (error) {
    await form.remove()
    throw error
  }
}
