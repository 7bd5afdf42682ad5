import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeRuns, PROBLEM } from '../api/client.js'
import { temporaryFolder } from '../cli/tables.js'
import { type Instruction, readContext, readStages } from '../docker/dockerfile.js'
import { newPlace } from './support/servers.js'

/**
 * No container engine is at hand where tests run: the instructions of the Dockerfile are followed by hand, each stage in a
 * folder of its own that stands for its root, and what comes out is run as the compose file does.
 */

const repository = fileURLToPath(new URL('../..', import.meta.url))
const work = temporaryFolder()
const data = path.join(work, 'data')
const images = new Map<string, Image>()
let image: Image
let place: Awaited<ReturnType<typeof newPlace>>

/** A stage that was built. */
interface Image {
  root: string
  env: Record<string, string>
  entrypoint: string[]
  health: string[]
}

/** What the builder would see of the repository. */
function sendContext(): string {
  const context = path.join(work, 'context')
  for (const name of readContext()) {
    cpSync(path.join(repository, name), path.join(context, name), { recursive: true })
  }
  return context
}

function follow(name: string, instructions: readonly Instruction[], context: string): Image {
  const built: Image = { root: path.join(work, name), env: {}, entrypoint: [], health: [] }
  let folder = '/'
  const inside = (to: string) => path.join(built.root, path.resolve(folder, to))
  for (const { keyword, rest } of instructions) {
    if (keyword === 'WORKDIR') {
      folder = path.resolve(folder, rest)
      mkdirSync(inside('.'), { recursive: true })
    } else if (keyword === 'COPY') copy(rest, context, inside)
    else if (keyword === 'RUN' && !rest.includes('chown')) {
      const env = { ...process.env, ...built.env, NODE_ENV: '', npm_config_prefer_offline: 'true' }
      execFileSync('sh', ['-c', rest], { cwd: inside('.'), env, stdio: 'pipe' })
    } else if (keyword === 'ENV') {
      for (const [, variable, value] of rest.matchAll(/(\w+)=(\S+)/g)) built.env[variable] = value
    } else if (keyword === 'ENTRYPOINT') built.entrypoint = JSON.parse(rest)
    else if (keyword === 'HEALTHCHECK') built.health = JSON.parse(rest.slice(rest.indexOf('[')))
  }
  return built
}

function copy(rest: string, context: string, inside: (to: string) => string): void {
  const words = rest.split(' ')
  const stage = /^--from=(.*)/.exec(words[0])?.[1]
  const root = stage === undefined ? context : images.get(stage)!.root
  const sources = words.slice(stage === undefined ? 0 : 1, -1)
  const to = words.at(-1)!
  for (const source of sources) {
    const target = to.endsWith('/') ? path.join(inside(to), path.basename(source)) : inside(to)
    cpSync(path.join(root, source), target, { recursive: true, verbatimSymlinks: true })
  }
}

beforeAll(async () => {
  const context = sendContext()
  for (const [i, { name = 'last', instructions }] of readStages().entries()) {
    image = follow(`${i}-${name}`, instructions, context)
    images.set(name, image)
  }
  place = await newPlace(5)
}, 600_000)
afterAll(async () => {
  await place.close()
  rmSync(work, { recursive: true, force: true })
})

/** A program of the image, with its paths in the folder that stands for its root. */
function runInside(command: readonly string[], env: Record<string, string>) {
  const [, script, ...args] = command
  return spawn(process.execPath, [path.join(image.root, script), ...args], {
    cwd: path.join(image.root, 'app'),
    env: { PATH: process.env.PATH, ...image.env, ...place.env, MIXWRIGHT_DATA: data, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function start(command: string, env: Record<string, string>) {
  const child = runInside([...image.entrypoint, command, '--json'], env)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const ended = once(child, 'close')
  await vi.waitFor(() => expect(output).toMatch(/^\{"url".*\}$/m), { timeout: 60_000 })
  const url: string = JSON.parse(/^\{"url".*\}$/m.exec(output)![0]).url
  return {
    child,
    url,
    /** As the engine sees it: 0 for healthy. */
    async health(): Promise<number> {
      const check = runInside(image.health, { ...env, ...portOf(env, url) })
      return (await once(check, 'close'))[0]
    },
    async stop(): Promise<number> {
      child.kill('SIGTERM')
      return (await ended)[0]
    },
  }
}

/** Free ports are chosen here, and fixed ones in a container. */
function portOf(env: Record<string, string>, url: string): Record<string, string> {
  const { port } = new URL(url)
  return 'MIXWRIGHT_WORKER_PORT' in env ? { MIXWRIGHT_WORKER_PORT: port } : { MIXWRIGHT_PORT: port }
}

async function post<T>(address: string, body: object): Promise<T> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(address, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

test('the image has the program and what it needs to run, and nothing more', () => {
  const at = (name: string) => path.join(image.root, 'app', name)
  for (const name of ['dist/cli/main.js', 'node_modules/fastify', 'package.json', 'LICENSE']) {
    expect([name, existsSync(at(name))]).toEqual([name, true])
  }
  for (const name of ['src', 'test', 'node_modules/vitest', 'node_modules/typescript', '.npmrc']) {
    expect([name, existsSync(at(name))]).toEqual([name, false])
  }
  const size = execFileSync('du', ['-sm', at('.')], { encoding: 'utf8' })
  expect(Number.parseInt(size, 10)).toBeLessThan(400)
  expect(statSync(at('dist/cli/main.js')).mode & 0o111).toBeGreaterThan(0)
})

test('API and worker start from it, are healthy, fit a study, and stop on SIGTERM', async () => {
  const host = { MIXWRIGHT_HOST: '127.0.0.1', MIXWRIGHT_PORT: '0' }
  const api = await start('api', host)
  const worker = await start('worker', { ...host, MIXWRIGHT_WORKER_PORT: '0' })
  expect(await api.health()).toBe(0)
  expect(await worker.health()).toBe(0)

  const { id } = await post<{ id: string }>(`${api.url}/v1/studies`, {
    name: 'in a container',
    problem: PROBLEM,
  })
  const study = `${api.url}/v1/studies/${id}`
  await post(`${study}/imports`, { runs: makeRuns(24) })
  await post(`${study}/fits`, {})
  const recommendation = await vi.waitFor(
    async () => {
      const response = await fetch(`${study}/recommendation`)
      expect(response.status).toBe(200)
      return (await response.json()) as { weights: Record<string, number> }
    },
    { timeout: 60_000, interval: 100 },
  )
  const total = Object.values(recommendation.weights).reduce((sum, weight) => sum + weight, 0)
  expect(total).toBeCloseTo(1)

  expect(await worker.stop()).toBe(0)
  expect(await worker.health()).toBe(1)
  expect(await api.stop()).toBe(0)
})
