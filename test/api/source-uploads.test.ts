import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MixwrightError } from '../../src/errors.js'
import type { SourceRecord } from '../../src/store/records.js'
import type { CorpusService } from '../../src/studies/corpora.js'
import type { Services } from '../../src/studies/index.js'
import { openService, type TestService } from '../support/service.js'
import { appBeforeServices, bytes, send } from './support.js'

const MIB = 2 ** 20
const LIMIT = 4 * MIB
const PATIENCE = { timeout: 20_000 }

let service: TestService
let address: AddressInfo
let corpusId: string
const logged: string[] = []
beforeAll(async () => {
  service = await openService({
    api: { uploadBytes: LIMIT },
    log: (line) => logged.push(line),
  })
  await service.app.listen({ host: '127.0.0.1', port: 0 })
  address = service.app.server.address() as AddressInfo
  const domains = [{ name: 'web' }, { name: 'code' }]
  corpusId = (await service.services.corpora.create({ name: 'texts', domains })).corpus.id
})
afterAll(async () => {
  await service.close()
  expect(logged, 'what was logged').toEqual([])
})

const form = { 'content-type': 'multipart/form-data; boundary=edge' }
const newline = Buffer.from('\r\n')
const end = Buffer.from('\r\n--edge--\r\n')

function field(name: string, value: string): Uint8Array {
  const disposition = `Content-Disposition: form-data; name="${name}"`
  return Buffer.from(`--edge\r\n${disposition}\r\n\r\n${value}\r\n`)
}

function file(filename: string, name = 'file'): Uint8Array {
  const disposition = `Content-Disposition: form-data; name="${name}"; filename="${filename}"`
  return Buffer.from(`--edge\r\n${disposition}\r\nContent-Type: application/octet-stream\r\n\r\n`)
}

async function upload(chunks: Iterable<Uint8Array>, headers: Record<string, string> = {}) {
  const answer = await send(address, {
    path: `/v1/corpora/${corpusId}/sources`,
    headers: { ...form, ...headers },
    chunks,
  })
  return { status: answer.status, body: JSON.parse(answer.body) }
}

/** What the service has, in its database and on its disk. */
async function kept() {
  const { sources } = await service.services.corpora.get(corpusId)
  const folder = path.join(service.dataFolder, 'uploads')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  return {
    sources: sources.map(({ name }) => name).sort(),
    files: files.filter((entry) => entry.isFile()).length,
  }
}

async function removeAll() {
  const { sources } = await service.services.corpora.get(corpusId)
  for (const { id } of sources) await service.services.corpora.removeSource(corpusId, id)
}

describe('an upload', () => {
  test('is stored as it is, with its size and hash', async () => {
    const text = Buffer.from('{"text": "one"}\n{"text": "two"}\n')
    const { status, body } = await upload([
      field('domain', 'web'),
      field('textField', 'body'),
      file('web.jsonl'),
      text,
      end,
    ])
    expect(status).toBe(201)
    expect(body.items).toMatchObject([
      {
        corpusId,
        domain: 'web',
        kind: 'upload',
        name: 'web.jsonl',
        format: 'auto',
        textField: 'body',
        bytes: text.length,
      },
    ])
    expect(body.items[0]).not.toHaveProperty('path')
    const stored = path.join(service.dataFolder, 'uploads', corpusId, body.items[0].id)
    expect(readFileSync(stored)).toEqual(text)
    await removeAll()
  })

  test('may bring several files, for which the fields before them hold', async () => {
    const { status, body } = await upload([
      field('domain', 'web'),
      file('a.txt'),
      Buffer.from('a'),
      newline,
      file('b.txt'),
      Buffer.from('b'),
      newline,
      field('domain', 'code'),
      field('format', 'text'),
      file('c.ts'),
      Buffer.from('c'),
      end,
    ])
    expect(status).toBe(201)
    expect(
      body.items.map(({ name, domain, format }: SourceRecord) => [name, domain, format]),
    ).toEqual([
      ['a.txt', 'web', 'auto'],
      ['b.txt', 'web', 'auto'],
      ['c.ts', 'code', 'text'],
    ])
    await removeAll()
  })

  test('that breaks off in the middle of a file leaves nothing, nor do the files before it', async () => {
    const received = once(service.app.server, 'request')
    const socket = connect(address.port, '127.0.0.1')
    socket.write(
      `POST /v1/corpora/${corpusId}/sources HTTP/1.1\r\nhost: x\r\ncontent-type: ${form['content-type']}\r\ncontent-length: 4000000\r\n\r\n`,
    )
    for (const chunk of [
      field('domain', 'web'),
      file('whole.txt'),
      Buffer.from('whole'),
      newline,
      file('broken.txt'),
      Buffer.alloc(100_000, 'x'),
    ]) {
      socket.write(chunk)
    }
    const [request, response] = await received
    await expect.poll(async () => (await kept()).sources, PATIENCE).toEqual(['whole.txt'])
    const over = once(response, 'close')
    socket.destroy()
    await over
    expect(request.complete).toBe(false)
    await expect.poll(kept, PATIENCE).toEqual({ sources: [], files: 0 })
  })

  const half = Math.floor(LIMIT * 0.6)
  test.each([
    ['announced', { 'content-length': `${20 * MIB}` }, [...bytes(20 * MIB)]],
    [
      'one file, its length unknown',
      {},
      [field('domain', 'web'), file('a'), ...bytes(20 * MIB), end],
    ],
    [
      'two files together',
      {},
      [field('domain', 'web'), file('a'), ...bytes(half), newline, file('b'), ...bytes(half), end],
    ],
  ])('beyond the limit is refused, and leaves nothing: %s', async (_name, headers, chunks) => {
    const { status, body } = await upload(chunks, headers)
    expect({ status, code: body.code }).toEqual({ status: 413, code: 'body-too-large' })
    expect(body.detail).toContain('4 MiB together')
    expect(await kept()).toEqual({ sources: [], files: 0 })
  })

  const text = Buffer.from('text')
  test.each<[string, Uint8Array[], string, RegExp]>([
    [
      'a file before its domain',
      [file('a'), text, newline, field('domain', 'web'), end],
      '/domain',
      /before the file/,
    ],
    ['no domain', [file('a'), text, end], '/domain', /required/],
    [
      'no file',
      [field('domain', 'web'), Buffer.from('--edge--\r\n')],
      '/file',
      /At least one file/,
    ],
    [
      'a file as a text field',
      [field('domain', 'web'), field('file', 'text'), end],
      '/file',
      /file name/,
    ],
    [
      'a file of another name',
      [field('domain', 'web'), file('a', 'upload'), text, end],
      '/upload',
      /no such file/,
    ],
    [
      'an unknown field',
      [field('domian', 'web'), file('a'), text, end],
      '/domian',
      /no such field/,
    ],
    [
      'an unknown format',
      [field('domain', 'web'), field('format', 'xml'), file('a'), text, end],
      '/format',
      /"jsonl"/,
    ],
    [
      'a domain that the corpus lacks',
      [field('domain', 'books'), file('a'), text, end],
      '/domain',
      /books/,
    ],
    [
      'a text field that cannot be stored',
      [field('domain', 'web'), field('textField', 'a\0b'), file('a'), text, end],
      '/textField',
      /./,
    ],
    [
      'a very long file name',
      [field('domain', 'web'), file('a'.repeat(300)), text, end],
      '/file',
      /255/,
    ],
  ])('with %s is told so', async (_name, chunks, pointer, says) => {
    const { status, body } = await upload(chunks)
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'validation-failed' })
    expect(body.errors).toMatchObject([{ pointer, detail: expect.stringMatching(says) }])
    expect(await kept()).toEqual({ sources: [], files: 0 })
  })

  test('whose second file is refused leaves none', async () => {
    const { status } = await upload([
      field('domain', 'web'),
      file('a'),
      Buffer.from('a'),
      newline,
      field('domain', 'books'),
      file('b'),
      Buffer.from('b'),
      end,
    ])
    expect(status).toBe(422)
    expect(await kept()).toEqual({ sources: [], files: 0 })
  })

  test('whose form does not end is malformed', async () => {
    const { status, body } = await upload([field('domain', 'web'), file('a'), Buffer.from('a')])
    expect({ status, code: body.code }).toEqual({ status: 400, code: 'malformed-request' })
    expect(await kept()).toEqual({ sources: [], files: 0 })
  })

  test('to a corpus that is not there is refused, and read to its end', async () => {
    const answer = await send(address, {
      path: '/v1/corpora/0193f0a1-1d40-7a52-9b0e-7c1f5d2a8e60/sources',
      headers: form,
      chunks: [field('domain', 'web'), file('a'), ...bytes(3 * MIB), end],
    })
    expect(answer.status).toBe(404)
    expect(JSON.parse(answer.body).code).toBe('corpus-not-found')
  })
})

/** An application whose store of files is in the hands of the test. */
async function appWith(
  addUpload: CorpusService['addUpload'],
  removeSource?: CorpusService['removeSource'],
) {
  const services = { corpora: { addUpload, removeSource } } as unknown as Services
  const app = await appBeforeServices({ services })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, port: (app.server.address() as AddressInfo).port }
}

test('an upload is taken no faster than it is stored', async () => {
  const reading = new Signal<Readable>()
  const { app, port } = await appWith(async (_corpusId, _source, content) => {
    reading.give(content)
    await once(content, 'close')
    throw new Error('the upload was broken off by the test')
  })
  const socket = connect(port, '127.0.0.1')
  socket.write(
    `POST /v1/corpora/${corpusId}/sources HTTP/1.1\r\nhost: x\r\ncontent-type: ${form['content-type']}\r\ncontent-length: ${100 * MIB}\r\n\r\n`,
  )
  socket.write(field('domain', 'web'))
  socket.write(file('slow'))
  const piece = Buffer.alloc(MIB, 'x')
  socket.write(piece)
  await reading.given
  for (let sent = 0; sent < 64; sent++) socket.write(piece)
  const taken = () => socket.bytesWritten - socket.writableLength
  await stillness(taken)
  // What the buffers between the two ends hold, of 64 MiB that wait.
  expect(taken()).toBeGreaterThan(0)
  expect(taken()).toBeLessThan(24 * MIB)
  socket.destroy()
  await app.close()
})

test('a form is refused for its own fault, also when what it brought cannot be taken back', async () => {
  const tried: string[] = []
  const { app, port } = await appWith(
    async (_corpusId, { name }, content) => {
      for await (const _chunk of content);
      return { id: name } as SourceRecord
    },
    async (_corpusId, id) => {
      tried.push(id)
      throw new MixwrightError('corpus-busy', 'An ingestion reads it.')
    },
  )
  const files = ['a', 'b'].flatMap((name) => [file(name), Buffer.from(name), newline])
  const answer = await send(
    { ...address, port },
    {
      path: `/v1/corpora/${corpusId}/sources`,
      headers: form,
      chunks: [field('domain', 'web'), ...files, file('c', 'other'), Buffer.from('c'), end],
    },
  )
  expect(JSON.parse(answer.body).errors).toMatchObject([{ pointer: '/other' }])
  expect(tried).toEqual(['a', 'b'])
  await app.close()
})

test('an upload under way does not hold up the end of the service', async () => {
  const reading = new Signal<Readable>()
  const { app, port } = await appWith(async (_corpusId, _source, content) => {
    reading.give(content)
    for await (const _chunk of content);
    throw new Error('the upload came to its end')
  })
  const socket = connect(port, '127.0.0.1')
  const answer = new Signal<string>()
  socket.on('data', (data) => answer.give(data.toString()))
  socket.write(
    `POST /v1/corpora/${corpusId}/sources HTTP/1.1\r\nhost: x\r\ncontent-type: ${form['content-type']}\r\ncontent-length: 1000\r\n\r\n`,
  )
  socket.write(field('domain', 'web'))
  socket.write(file('slow'))
  socket.write(Buffer.alloc(100, 'x'))
  await reading.given
  await app.close()
  expect(await answer.given).toMatch(/^HTTP\/1\.1 503 /)
})

/** Something that happens once, and can be waited for. */
class Signal<T> {
  give: (value: T) => void = () => {}
  readonly given = new Promise<T>((resolve) => {
    this.give = resolve
  })
}

/** Resolves when a number has stopped to change. */
async function stillness(read: () => number): Promise<void> {
  let last = Number.NaN
  await expect
    .poll(
      () => {
        const now = read()
        const isStill = now === last
        last = now
        return isStill
      },
      { interval: 200, ...PATIENCE },
    )
    .toBe(true)
}
