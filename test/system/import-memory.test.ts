import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson } from '../cli/support.js'

/** Files larger than what the service may hold, over HTTP to the built service in a process of its own. */

const MIB = 2 ** 20
const RUNS = 30_000
const NOTE = 'x'.repeat(10_000)

let folder: string
let child: ChildProcess
let url: string

async function ask<T>(message: string): Promise<T> {
  child.send(message)
  const [answer] = await once(child, 'message')
  return answer as T
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mixwright-memory-'))
  child = fork(fileURLToPath(new URL('./measured-service.mjs', import.meta.url)), [folder])
  const [started] = await once(child, 'message')
  url = (started as { url: string }).url
}, 120_000)
afterAll(async () => {
  child.send('close')
  await once(child, 'exit')
  await rm(folder, { recursive: true })
}, 120_000)

async function newStudy(): Promise<string> {
  const problem = { domains: [{ name: 'web' }, { name: 'code' }], metrics: [{ name: 'loss' }] }
  const response = await fetch(`${url}/v1/studies`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'large', problem }),
  })
  return `${url}${response.headers.get('location')}/imports`
}

function post(address: string, headers: Record<string, string | number>): ClientRequest {
  return httpRequest(address, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=edge', ...headers },
  })
}

const answered = async (request: ClientRequest) => {
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  return { status: answer.statusCode, body: JSON.parse(await text(answer)) }
}

const line = (i: number) => {
  const web = i / RUNS
  return `{"run":"r${i}","mixture":{"web":${web},"code":${1 - web}},"metrics":{"loss":${2 + web}},"note":"${NOTE}"}\n`
}

/** @param last what follows the runs */
function* form(runs: number, last = ''): Generator<string> {
  yield '--edge\r\ncontent-disposition: form-data; name="format"\r\n\r\njsonl\r\n'
  yield '--edge\r\ncontent-disposition: form-data; name="file"; filename="runs.jsonl"\r\n\r\n'
  for (let i = 0; i < runs; i++) yield line(i)
  yield `${last}\r\n--edge--\r\n`
}

async function send(address: string, body: Iterable<string>) {
  const request = post(address, {})
  const answer = answered(request)
  await pipeline(Readable.from(body, { objectMode: false }), request)
  return answer
}

test.skipIf(!existsSync('/proc/self/schedstat'))(
  '300 MB of JSON lines are imported without being held in memory',
  async () => {
    const address = await newStudy()
    expect(line(0).length * RUNS).toBeGreaterThan(300e6)
    await ask('measure')
    const { status, body } = await send(address, form(RUNS))
    const { grownBytes } = await ask<{ grownBytes: number }>('report')
    console.log(`memory grew by ${(grownBytes / MIB).toFixed(0)} MiB`)
    expect(body).toMatchObject({ rowCount: RUNS, format: 'jsonl' })
    expect(status).toBe(201)
    expect(grownBytes).toBeLessThan(200 * MIB)
    expect(await readdir(path.join(folder, 'imports'))).toEqual([])
  },
  120_000,
)

test('files of which the last line is wrong leave nothing behind, however many rows were stored', async () => {
  const address = await newStudy()
  const { status, body } = await send(address, form(2_500, '{"run": "r0", "mix'))
  expect(status).toBe(422)
  expect(body).toMatchObject({
    code: 'rows-invalid',
    errors: [{ pointer: '/files/0/lines/2501' }],
  })
  const { items } = await getJson<{ items: unknown[] }>(address)
  expect(items).toEqual([])
  expect(await readdir(path.join(folder, 'imports'))).toEqual([])
  const again = await send(address, form(2_500))
  expect(again.body).toMatchObject({ rowCount: 2_500 })
}, 120_000)

test.each([
  ['a form', 'multipart/form-data; boundary=edge'],
  ['JSON', 'application/json'],
])('2 GB announced as %s are refused before they are sent', async (_name, type) => {
  const request = post(await newStudy(), { 'content-type': type, 'content-length': 2e9 })
  request.on('error', () => {})
  request.write('-')
  const { status, body } = await answered(request)
  request.destroy()
  expect(status).toBe(413)
  expect(body).toMatchObject({ code: 'body-too-large' })
})
