import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import path from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { UsageError } from '../failures.js'
import { type HttpClient, refusalOf, unreachable } from './http-client.js'

export interface UploadOptions {
  /** Given before the file. */
  fields: Record<string, string | undefined>
  /** Told how many bytes of how many have been read. */
  onProgress?: (done: number, total: number) => void
}

export interface FormFile {
  /** Name of the form's part. */
  field: string
  path: string
  /** What it is called to the service. Default: its name without its folders. */
  name?: string
}

/** As `uploadForm`, for one file. */
export function uploadFile<T>(
  http: HttpClient,
  address: string,
  file: string,
  options: UploadOptions,
): Promise<T> {
  return uploadForm(http, address, [{ field: 'file', path: file }], options)
}

/**
 * Sends files in a form as they are read, however large they are. `fetch` cannot announce the length of a body that it streams,
 * and without that a service learns too late that it has no room.
 * @throws MixwrightError what the service refuses
 * @throws EnvironmentError when the service cannot be reached
 */
export async function uploadForm<T>(
  http: HttpClient,
  address: string,
  files: readonly FormFile[],
  { fields, onProgress = () => {} }: UploadOptions,
): Promise<T> {
  const form = await formOf(files, fields)
  const url = http.resolve(address)
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const request = send(url, {
    method: 'POST',
    headers: {
      ...http.authorization,
      'content-type': form.contentType,
      'content-length': form.bytes,
    },
  })
  const body = Readable.from(piecesOf(form, onProgress))
  const sending = pipeline(body, request)
  sending.catch(() => {})
  const answer = await answerOf(request).catch((error) => {
    throw error instanceof UsageError ? error : unreachable(http.url, error)
  })
  const content = await text(answer)
  // A refusal comes before all is sent; the rest is not worth sending.
  body.destroy()
  const { statusCode: status = 0 } = answer
  if (status >= 200 && status < 300) return JSON.parse(content) as T
  throw refusalOf(status, content, http.url)
}

interface Form {
  contentType: string
  /** Of all of it. */
  bytes: number
  head: Buffer
  files: { opening: Buffer; path: string; size: number }[]
  tail: Buffer
}

async function formOf(files: readonly FormFile[], fields: UploadOptions['fields']): Promise<Form> {
  const boundary = `mixwright-${randomUUID()}`
  const head = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([field, value]) =>
        `--${boundary}\r\ncontent-disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
    )
  const parts: Form['files'] = []
  for (const { field, path: file, name = path.basename(file) } of files) {
    const { size } = await stat(file).catch(() => {
      throw new UsageError(`there is no file ${file}`, 'Check the path.')
    })
    const filename = name.replaceAll('"', '%22').replaceAll(/[\r\n]/g, ' ')
    const opening =
      `${parts.length === 0 ? '' : '\r\n'}--${boundary}\r\ncontent-disposition: form-data; name="${field}"; ` +
      `filename="${filename}"\r\ncontent-type: application/octet-stream\r\n\r\n`
    parts.push({ opening: Buffer.from(opening), path: file, size })
  }
  const form = {
    head: Buffer.from(head.join('')),
    files: parts,
    tail: Buffer.from(`\r\n--${boundary}--\r\n`),
    contentType: `multipart/form-data; boundary=${boundary}`,
  }
  const inside = parts.reduce((sum, { opening, size }) => sum + opening.length + size, 0)
  return { ...form, bytes: form.head.length + inside + form.tail.length }
}

async function* piecesOf(
  { head, files, tail }: Form,
  onProgress: (done: number, total: number) => void,
): AsyncGenerator<Buffer> {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  yield head
  for (const { opening, path: file, size } of files) {
    yield opening
    for await (const chunk of readFile(file, size)) {
      yield chunk
      done += chunk.length
      onProgress(done, total)
    }
  }
  yield tail
}

/** @param size what is appended meanwhile is left out: the length has been announced */
async function* readFile(file: string, size: number): AsyncGenerator<Buffer> {
  if (size === 0) return
  try {
    yield* createReadStream(file, { end: size - 1 })
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`, 'Check the file.')
  }
}

function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve)
    request.on('error', reject)
  })
}
