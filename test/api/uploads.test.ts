import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appBeforeServices, bytes, send, type Upload } from './support.js'

const MIB = 2 ** 20
const HUNDRED_MB = 100 * MIB
const ID = '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511'

let app: Awaited<ReturnType<typeof appBeforeServices>>
let address: AddressInfo

beforeAll(async () => {
  app = await appBeforeServices()
  await app.listen({ host: '127.0.0.1', port: 0 })
  address = app.server.address() as AddressInfo
})
afterAll(() => app.close())

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

const json = { 'content-type': 'application/json' }
const form = { 'content-type': 'multipart/form-data; boundary=edge' }

function part(name: string, filename?: string): Uint8Array {
  const file = filename ? `; filename="${filename}"\r\nContent-Type: text/csv` : ''
  return Buffer.from(`--edge\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`)
}

function* hugeForm() {
  yield part('mixtures', 'a.csv')
  yield* bytes(HUNDRED_MB, '1')
  yield Buffer.from('\r\n--edge--\r\n')
}

describe('100 MB of body are refused, and the client gets to read so:', () => {
  const uploads: [name: string, path: string, headers: Record<string, string>][] = [
    [
      'a study, its length announced',
      '/v1/studies',
      { ...json, 'content-length': `${HUNDRED_MB}` },
    ],
    ['a study, its length unknown', '/v1/studies', json],
    ['an inline study', '/v1/recommendations', json],
    [
      'runs as JSON, their length announced',
      `/v1/studies/${ID}/imports`,
      { ...json, 'content-length': `${HUNDRED_MB}` },
    ],
    ['runs as JSON, their length unknown', `/v1/studies/${ID}/imports`, json],
    ['runs as a form', `/v1/studies/${ID}/imports`, form],
  ]
  async function refuse(upload: Upload) {
    const answer = await send(address, upload)
    expect(answer.status).toBe(413)
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'body-too-large', status: 413 })
  }
  const body = (headers: object) => (headers === form ? hugeForm() : bytes(HUNDRED_MB))

  test.each(uploads)('%s, by a client that sends all of it', async (_name, path, headers) => {
    await refuse({ path, headers, chunks: body(headers) })
  })

  // A client that has announced a length has to keep to it.
  const stoppable = uploads.filter(([, , headers]) => !('content-length' in headers))
  test.each(stoppable)('%s, by a client that stops then', async (_name, path, headers) => {
    await refuse({ path, headers, chunks: body(headers), stopsEarly: true })
  })

  test('without being held in memory', async () => {
    // Chunks that were sent and read are garbage until they are collected: only what stays is held.
    const collect = garbageCollector()
    const held = () => {
      collect()
      return process.memoryUsage().arrayBuffers
    }
    const before = held()
    const upload: Upload = { path: '/v1/studies', headers: json, chunks: bytes(HUNDRED_MB) }
    let highest = before
    let sent = 0
    const watched = (function* () {
      for (const chunk of upload.chunks) {
        yield chunk
        const mibs = Math.floor(sent / (10 * MIB))
        sent += chunk.length
        if (Math.floor(sent / (10 * MIB)) > mibs) highest = Math.max(highest, held())
      }
    })()
    expect((await send(address, { ...upload, chunks: watched })).status).toBe(413)
    expect(sent).toBe(HUNDRED_MB)
    expect(highest - before).toBeLessThan(50 * MIB)
  })
})

test('a client that goes away in the middle of a body is no failure of ours', async () => {
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  const quiet = await appBeforeServices({ logger: { level: 'warn', stream: { write } } })
  await quiet.listen({ host: '127.0.0.1', port: 0 })
  const { port } = quiet.server.address() as AddressInfo
  for (const headers of [json, form]) {
    const received = once(quiet.server, 'request')
    const socket = connect(port, '127.0.0.1')
    const names = Object.entries({ host: 'x', ...headers, 'content-length': '1000' })
    const head = names.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    socket.write(`POST /v1/studies/${ID}/imports HTTP/1.1\r\n${head}\r\n`)
    socket.write(headers === form ? part('mixtures', 'a.csv') : '{"runs": [')
    const [request] = await received
    const ended = new Promise((resolve) => request.once('close', resolve))
    socket.destroy()
    await ended
  }
  expect((await quiet.inject('/livez')).statusCode).toBe(200)
  await quiet.close()
  expect(lines).toEqual([])
})

describe('a form', () => {
  const end = Buffer.from('\r\n--edge--\r\n')
  const csv = Buffer.from('run,web\r\n1,1\r\n')
  const newline = Buffer.from('\r\n')

  async function refusal(...chunks: Uint8Array[]) {
    const path = `/v1/studies/${ID}/imports`
    const answer = await send(address, { path, headers: form, chunks })
    return { ...JSON.parse(answer.body), status: answer.status }
  }

  test('without one of its files is told which', async () => {
    expect(await refusal(part('mixtures', 'a.csv'), csv, end)).toMatchObject({
      status: 422,
      errors: [{ pointer: '/metrics' }],
    })
  })

  test('without anything is told both', async () => {
    const { errors } = await refusal(part('role'), Buffer.from('train'), end)
    expect(errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/mixtures',
      '/metrics',
    ])
  })

  test('with a file as a text field is told how to send a file', async () => {
    const { status, errors } = await refusal(part('mixtures'), csv, end)
    expect(status).toBe(422)
    expect(errors[0]).toMatchObject({
      pointer: '/mixtures',
      detail: expect.stringContaining('file name'),
    })
  })

  test.each([
    ['an unknown file', part('weights', 'a.csv'), '/weights'],
    ['an unknown field', part('rolle'), '/rolle'],
    ['a wrong role', part('role'), '/role'],
    ['a flag that is neither true nor false', part('dryRun'), '/dryRun'],
  ])('with %s is told the field', async (_name, head, pointer) => {
    const files = [part('mixtures', 'a.csv'), csv, newline, part('metrics', 'b.csv'), csv, newline]
    const { status, errors } = await refusal(...files, head, Buffer.from('yes'), end)
    expect(status).toBe(422)
    expect(errors).toMatchObject([{ pointer }])
  })

  test('with the same file twice is refused', async () => {
    const twice = [part('metrics', 'a.csv'), csv, newline, part('metrics', 'b.csv'), csv, end]
    expect(await refusal(...twice)).toMatchObject({
      status: 422,
      errors: [{ pointer: '/metrics' }],
    })
  })

  test('that breaks off is malformed', async () => {
    expect(await refusal(part('mixtures', 'a.csv'), csv)).toMatchObject({
      status: 400,
      code: 'malformed-request',
    })
  })

  test('beyond the limit by two files of which each is below it is refused', async () => {
    const small = await appBeforeServices({ limits: { importBytes: 1000 } })
    const file = Buffer.alloc(600, '1')
    const response = await small.inject({
      method: 'POST',
      url: `/v1/studies/${ID}/imports`,
      headers: form,
      payload: Buffer.concat([
        part('mixtures', 'a.csv'),
        file,
        newline,
        part('metrics', 'b.csv'),
        file,
        end,
      ]),
    })
    await small.close()
    expect(response.json()).toMatchObject({
      status: 413,
      detail: expect.stringContaining('1000 bytes together'),
    })
  })
})
