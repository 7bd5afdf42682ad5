import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { HttpClient } from '../../../src/cli/client/http-client.js'
import { serviceUrl } from '../../../src/cli/client/service-url.js'
import { uploadFile } from '../../../src/cli/client/upload.js'
import { EXIT, exitCodeOf } from '../../../src/cli/failures.js'
import { type ErrorCode, MixwrightError, problemDocument } from '../../../src/errors.js'

const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-client-'))
const servers: ReturnType<typeof createServer>[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

async function serve(listener: RequestListener): Promise<HttpClient> {
  const server = createServer(listener)
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return new HttpClient(new URL(`http://127.0.0.1:${port}`))
}

async function failureOf(work: Promise<unknown>): Promise<Error & { fix?: string }> {
  return work.then(
    () => {
      throw new Error('it did not fail')
    },
    (error) => error,
  )
}

const get = (http: HttpClient) => http.json({ method: 'GET', address: '/v1/studies' })

describe('the exit code of what a service refuses', () => {
  test.each<[ErrorCode, number]>([
    ['validation-failed', EXIT.input],
    ['study-not-found', EXIT.usage],
    ['search-running', EXIT.noAnswer],
    ['too-few-runs', EXIT.noAnswer],
    ['quota-exceeded', EXIT.failure],
    ['unavailable', EXIT.failure],
  ])('%s', async (code, exitCode) => {
    const problem = new MixwrightError(code, 'the detail', [{ pointer: '/x', detail: 'wrong' }])
    const http = await serve((_request, response) => {
      response.writeHead(problem.status).end(JSON.stringify(problemDocument(problem)))
    })
    const failure = await failureOf(get(http))
    expect(failure).toEqual(problem)
    expect(exitCodeOf(failure)).toBe(exitCode)
  })
})

describe('an address without a service', () => {
  test('is said to have none, with what to do', async () => {
    const failure = await failureOf(get(new HttpClient(new URL('http://127.0.0.1:1'))))
    expect(failure.message).toMatch(/http:\/\/127\.0\.0\.1:1 cannot be reached/)
    expect(failure.fix).toContain('mixwright serve')
    expect(exitCodeOf(failure)).toBe(EXIT.failure)
  })

  test.each([
    [404, '<html>not found</html>'],
    [500, ''],
    [200, '<html>hello</html>'],
    [502, '{"message": "bad gateway"}'],
  ])('but with something else at it is told from one: %d %s', async (status, body) => {
    const http = await serve((_request, response) => response.writeHead(status).end(body))
    const failure = await failureOf(get(http))
    expect(failure.message).toContain(`does not answer like Mixwright (status ${status})`)
  })
})

describe('the address of the service', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('is the option, else the variable, else this machine', () => {
    vi.stubEnv('MIXWRIGHT_URL', '')
    expect(serviceUrl({}).href).toBe('http://127.0.0.1:8080/')
    vi.stubEnv('MIXWRIGHT_URL', 'https://mix.example')
    expect(serviceUrl({}).href).toBe('https://mix.example/')
    expect(serviceUrl({ url: 'http://other:1' }).href).toBe('http://other:1/')
  })

  test.each(['localhost:8080', 'ftp://x', 'mix'])('is refused when it is none: %s', (url) => {
    expect(() => serviceUrl({ url })).toThrow(/--url/)
    vi.stubEnv('MIXWRIGHT_URL', url)
    expect(() => serviceUrl({})).toThrow(/MIXWRIGHT_URL/)
  })

  test('may have a path before those of the API', () => {
    const http = new HttpClient(new URL('https://example.org/mix/'))
    expect(http.resolve('/v1/studies?limit=1').href).toBe(
      'https://example.org/mix/v1/studies?limit=1',
    )
  })
})

describe('an upload', () => {
  function fileOf(name: string, content: Buffer): string {
    const file = path.join(folder, name)
    writeFileSync(file, content)
    return file
  }

  test('brings the file byte by byte, after its fields, its length announced', async () => {
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
    const file = fileOf('a "name".bin', content)
    let body = Buffer.alloc(0)
    let announced = 0
    let type = ''
    const http = await serve(async (request, response) => {
      announced = Number(request.headers['content-length'])
      type = String(request.headers['content-type'])
      body = await buffer(request)
      response.end('{"ok": true}')
    })
    const told: number[] = []
    const answer = await uploadFile(http, '/x', file, {
      fields: { domain: 'web', format: undefined },
      onProgress: (done) => told.push(done),
    })
    expect(answer).toEqual({ ok: true })
    expect(body.length).toBe(announced)
    expect(told.at(-1)).toBe(content.length)
    // The parser of the platform says what was sent.
    const form = await new Response(new Uint8Array(body), {
      headers: { 'content-type': type },
    }).formData()
    expect([...form.keys()]).toEqual(['domain', 'file'])
    expect(form.get('domain')).toBe('web')
    const sent = form.get('file') as File
    expect(sent.name).toBe('a "name".bin')
    expect(Buffer.from(await sent.arrayBuffer())).toEqual(content)
  })

  test('of an empty file is a form with an empty file', async () => {
    const http = await serve(async (request, response) => {
      const body = new Uint8Array(await buffer(request))
      const headers = { 'content-type': String(request.headers['content-type']) }
      const file = (await new Response(body, { headers }).formData()).get('file') as File
      response.end(JSON.stringify({ size: file.size }))
    })
    expect(await uploadFile(http, '/x', fileOf('empty', Buffer.alloc(0)), { fields: {} })).toEqual({
      size: 0,
    })
  })

  test('that is refused early is not sent to its end', async () => {
    const problem = new MixwrightError('body-too-large', 'At most 1 MiB.')
    let received = 0
    const http = await serve((request, response) => {
      response.writeHead(413).end(JSON.stringify(problemDocument(problem)))
      request.on('data', (chunk) => {
        received += chunk.length
      })
    })
    const file = fileOf('large', Buffer.alloc(64 * 2 ** 20))
    const failure = await failureOf(uploadFile(http, '/x', file, { fields: {} }))
    expect(failure).toEqual(problem)
    expect(received).toBeLessThan(64 * 2 ** 20)
  })

  test('to nobody, and of no file, say which', async () => {
    const nobody = new HttpClient(new URL('http://127.0.0.1:1'))
    const file = fileOf('x', Buffer.from('x'))
    const unreachable = await failureOf(uploadFile(nobody, '/x', file, { fields: {} }))
    expect(unreachable.message).toContain('cannot be reached')
    const missing = path.join(folder, 'missing')
    const absent = await failureOf(uploadFile(nobody, '/x', missing, { fields: {} }))
    expect(absent.message).toContain(`no file ${missing}`)
    expect(exitCodeOf(absent)).toBe(EXIT.usage)
  })
})
