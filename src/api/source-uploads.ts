import multipart, { type MultipartFile } from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { MixwrightError } from '../errors.js'
import { compileStrict, findUnstorable, toFieldErrors } from '../formats/validation/index.js'
import type { SourceRecord } from '../store/records.js'
import type { CorpusService, NewSource } from '../studies/corpora.js'
import { drainAfterwards, formRefusal, readField } from './forms.js'
import { UploadFieldsSchema } from './schemas/sources.js'
import { FORM_OVERHEAD, partsOf, Room, watched } from './streamed-files.js'

const FILES = ['file']
const FIELDS = ['domain', 'format', 'textField']

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
      const id = partId(request.resourceId, stored.length)
      const source = { ...readSource(part, fields), id }
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

/**
 * The id of the nth thing that a request makes: as constant as the one that it is from, and in the order of n.
 * @param n below 4,096
 */
function partId(resourceId: string | undefined, n: number): string | undefined {
  // The 12 bits of a UUID v7 that follow its time and version.
  return (
    resourceId && resourceId.slice(0, 15) + n.toString(16).padStart(3, '0') + resourceId.slice(18)
  )
}

/** The corpus may have been deleted meanwhile, or be in ingestion: what the client hears of is why its form was refused. */
async function removeAgain(corpora: CorpusService, corpusId: string, id: string): Promise<void> {
  try {
    await corpora.removeSource(corpusId, id)
  } catch (error) {
    if (!(error instanceof MixwrightError)) throw error
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
