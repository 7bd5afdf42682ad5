import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import multipart, { type Multipart, type MultipartFile } from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { MixwrightError } from '../errors.js'
import { compileStrict, findUnstorable, toFieldErrors } from '../formats/validation/index.js'
import type { SourceRecord } from '../store/records.js'
import type { CorpusService, NewSource } from '../studies/corpora.js'
import { asRefusal, drainAfterwards, formRefusal, readField } from './forms.js'
import { formatBytes } from './limits.js'
import { UploadFieldsSchema } from './schemas/sources.js'

const FILES = ['file']
const FIELDS = ['domain', 'format', 'textField']

/** What a form holds beside its files: boundaries, headers and fields. */
const FORM_OVERHEAD = 2 ** 20

/** Files of one form, and parts: three fields may go before each. */
const MOST_FILES = 1000

/** Takes forms with files; for the routes of this scope only. */
export async function acceptFiles(app: FastifyInstance): Promise<void> {
  await app.register(multipart, {
    limits: {
      // The parser would only cut a file short; too large a one is refused here.
      fileSize: Number.POSITIVE_INFINITY,
      fieldSize: 1024,
      fieldNameSize: 100,
      files: MOST_FILES,
      parts: MOST_FILES * (1 + FIELDS.length),
    },
  })
  drainAfterwards(app)
}

/**
 * Stores the files of a form one after another as they come, at the speed at which the service takes them. All, or none.
 * @throws MixwrightError `validation-failed`, `malformed-request`, `body-too-large`, and what the service refuses
 */
export async function storeFiles(
  request: FastifyRequest,
  corpora: CorpusService,
  corpusId: string,
  maxBytes: number,
): Promise<SourceRecord[]> {
  const room = new Room(maxBytes)
  if (Number(request.headers['content-length']) > maxBytes + FORM_OVERHEAD) throw room.exceeded()
  const stored: SourceRecord[] = []
  try {
    const fields = new Map<string, string>()
    for await (const part of partsOf(request)) {
      if (part.type === 'field') {
        fields.set(part.fieldname, readField(part, { fields: FIELDS, files: FILES }))
        continue
      }
      const source = readSource(part, fields)
      const content = watched(part.file, room, request.server.stopSignal)
      stored.push(await content.into((stream) => corpora.addUpload(corpusId, source, stream)))
    }
    if (stored.length === 0) throw formRefusal('file', 'At least one file is required.')
    return stored
  } catch (error) {
    for (const { id } of stored) await removeAgain(corpora, corpusId, id)
    throw error
  }
}

/** The corpus may have been deleted meanwhile, or be in ingestion: what the client hears of is why its form was refused. */
async function removeAgain(corpora: CorpusService, corpusId: string, id: string): Promise<void> {
  try {
    await corpora.removeSource(corpusId, id)
  } catch (error) {
    if (!(error instanceof MixwrightError)) throw error
  }
}

async function* partsOf(request: FastifyRequest): AsyncGenerator<Multipart> {
  try {
    yield* request.parts()
  } catch (error) {
    throw asRefusal(error, 'The form')
  }
}

/** What the fields before a file say about it. */
function readSource(
  { fieldname, filename }: MultipartFile,
  fields: ReadonlyMap<string, string>,
): NewSource & { name: string } {
  if (!FILES.includes(fieldname)) {
    throw formRefusal(fieldname, 'There is no such file; the file is called "file".')
  }
  if (!fields.has('domain')) {
    throw formRefusal('domain', 'This field is required, before the file it is for.')
  }
  const given = Object.fromEntries(fields)
  const source = { ...given, file: filename }
  const errors = checkUpload(source)
  const unstorable = findUnstorable(source)
  if (!errors && !unstorable) return { ...(given as unknown as NewSource), name: filename }
  const fieldErrors = errors ? toFieldErrors(errors) : []
  if (unstorable) fieldErrors.push(unstorable)
  throw new MixwrightError('validation-failed', 'The form is not valid.', fieldErrors)
}

const checkUpload = compileStrict(UploadFieldsSchema)

/** Bytes that the files of a form may still have. */
class Room {
  readonly #maxBytes: number
  #left: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#left = maxBytes
  }

  /** @throws MixwrightError `body-too-large` */
  take(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) throw this.exceeded()
  }

  exceeded(): MixwrightError {
    return new MixwrightError(
      'body-too-large',
      `The files of a form may have at most ${formatBytes(this.#maxBytes)} together.`,
    )
  }
}

/** A file as it arrives, which fails when it breaks off, when there is no room for it, and when the service stops. */
function watched(file: Readable, room: Room, stop: AbortSignal) {
  const content = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      try {
        room.take(chunk.length)
        done(null, chunk)
      } catch (error) {
        done(error as Error)
      }
    },
  })
  // Whichever of the two fails first takes the other along.
  let brokenOff: Error | undefined
  let failedHere = false
  content.once('error', () => {
    failedHere = brokenOff === undefined
  })
  file.once('error', (error: Error) => {
    if (!failedHere) brokenOff = error
  })
  const abandon = () => {
    content.destroy(new MixwrightError('unavailable', 'The service is stopping.'))
  }
  stop.addEventListener('abort', abandon, { once: true })
  const arriving = pipeline(file, content)
  arriving.catch(() => {})
  return {
    async into<T>(store: (content: Readable) => Promise<T>): Promise<T> {
      try {
        return await store(content)
      } catch (error) {
        content.destroy()
        if (error instanceof MixwrightError || !brokenOff) throw error
        throw asRefusal(brokenOff, 'The form')
      } finally {
        stop.removeEventListener('abort', abandon)
      }
    },
  }
}
