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

/**
 * Sends a file in a form as it is read, however large it is. `fetch` cannot announce the length of a body that it streams,
 * and without that a service learns too late that it has no room.
 * @throws MixwrightError what the service refuses
 * @throws EnvironmentError when the service cannot be reached
 */
export async function uploadFile<T>(
  http: HttpClient,
  address: string,
  file: string,
  { fields, onProgress = () => {} }: UploadOptions,
): Promise<T> {
  const { size } = await stat(file).catch(() => {
    throw new UsageError(`there is no file ${file}`, 'Check the path.')
  })
  const { head, tail, contentType } = formAround(path.basename(file), fields)
  const url = http.resolve(address)
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  const request = send(url, {
    method: 'POST',
    headers: {
      'content-type': contentType,
      'content-length': head.length + size + tail.length,
    },
  })
  const body = Readable.from(parts())
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

  async function* parts(): AsyncGenerator<Buffer> {
    yield head
    let done = 0
    for await (const chunk of readFile(file, size)) {
      yield chunk
      done += chunk.length
      onProgress(done, size)
    }
    yield tail
  }
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

function formAround(name: string, fields: UploadOptions['fields']) {
  const boundary = `mixwright-${randomUUID()}`
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([field, value]) =>
        `--${boundary}\r\ncontent-disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
    )
  const filename = name.replaceAll('"', '%22').replaceAll(/[\r\n]/g, ' ')
  const opening =
    `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${filename}"\r\n` +
    'content-type: application/octet-stream\r\n\r\n'
  return {
    head: Buffer.from(parts.join('') + opening),
    tail: Buffer.from(`\r\n--${boundary}--\r\n`),
    contentType: `multipart/form-data; boundary=${boundary}`,
  }
}
