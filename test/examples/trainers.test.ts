import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { Language, trainToy } from '../../examples/typescript/toy-model.js'
import { ApiClient, type Trial } from '../../src/cli/client/index.js'
import { gather } from '../../src/cli/terminal/lists.js'
import { type RunningCommand, startCommand } from '../cli/support.js'
import { temporaryFolder } from '../cli/tables.js'
import {
  EXAMPLES,
  type Fault,
  findPython,
  type Network,
  openNetwork,
  startTrainer,
  type Trainer,
} from './support.js'

const folder = temporaryFolder()
const typescript = path.join(folder, 'examples', 'typescript')
const python = findPython()
if (!python) console.warn('There is no Python 3.9 or later here: its trainer is not tested.')

/** What starts the trainers that can be started here, by their language. */
const TRAINERS: Record<string, readonly string[]> = {
  ...(python && { python: [python, path.join(EXAMPLES, 'python', 'trainer.py')] }),
  typescript: [process.execPath, path.join(typescript, 'dist', 'trainer.js')],
}
const languages = Object.keys(TRAINERS)

let service: RunningCommand
let url: string
let api: ApiClient
/** Of the trainers. */
let key: string
/** Of whom the study belongs to. */
let ownKey: string

beforeAll(async () => {
  // As a user would: the folder is copied, and npm finds the packages above it.
  const unbuilt = (file: string) => !/[/\\](dist|schema\.d\.ts)$/.test(file)
  cpSync(path.join(EXAMPLES, 'typescript'), typescript, { recursive: true, filter: unbuilt })
  for (const name of ['openapi', 'node_modules']) {
    symlinkSync(path.resolve(EXAMPLES, '..', name), path.join(folder, name), 'junction')
  }
  mkdirSync(path.join(folder, 'data'))
  service = startCommand([
    ...['serve', '--port', '0', '--data', path.join(folder, 'data')],
    ...['--workers', '1', '--json'],
  ])
  execFileSync('npm', ['run', 'build'], { cwd: typescript, stdio: 'pipe', shell: true })
  const [line] = await service.saying(/^\{.*\}$/m)
  url = JSON.parse(line).url
  const open = new ApiClient(new URL(url))
  const own = await open.createKey({ name: 'test', scopes: ['read', 'write', 'run', 'admin'] })
  // Where the client of the command line looks for it.
  ownKey = own.key
  vi.stubEnv('MIXWRIGHT_API_KEY', ownKey)
  api = new ApiClient(new URL(url))
  key = (await api.createKey({ name: 'trainers', scopes: ['read', 'run'] })).key
}, 240_000)

afterAll(async () => {
  vi.unstubAllEnvs()
  service.child.kill('SIGTERM')
  await service.result
  rmSync(folder, { recursive: true })
})

const trainers: Trainer[] = []
const networks: Network[] = []
afterEach(async () => {
  for (const { child, result } of trainers.splice(0)) {
    child.kill('SIGKILL')
    await result
  }
  for (const network of networks.splice(0)) await network.close()
})

async function newStudy(trialPolicy: object): Promise<string> {
  const study = JSON.parse(readFileSync(path.join(EXAMPLES, 'study.json'), 'utf8'))
  return (await api.createStudy({ ...study, trialPolicy })).id
}

function start(
  language: string,
  study: string,
  client: string,
  args: string[],
  to = url,
  apiKey = key,
): Trainer {
  const options = ['--study', study, '--client', client, '--idle', '0.2', ...args]
  const trainer = startTrainer([...TRAINERS[language], ...options], {
    MIXWRIGHT_URL: to,
    MIXWRIGHT_API_KEY: apiKey,
  })
  trainers.push(trainer)
  return trainer
}

async function network(...args: Parameters<typeof openNetwork>): Promise<Network> {
  const opened = await openNetwork(...args)
  networks.push(opened)
  return opened
}

async function toTheEnd({ result }: Trainer): Promise<string> {
  const { code, stdout, stderr } = await result
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('The study has no trials left.')
  return stdout
}

const trialsOf = (study: string): Promise<Trial[]> => gather(api.trials(study))

const distinct = (values: readonly unknown[]) => new Set(values.map((v) => JSON.stringify(v))).size

describe('trainers side by side', () => {
  const MAX_TRIALS = 16
  const clients = [
    ['typescript', 'ts-1'],
    ...(python ? [1, 2].map((n) => ['python', `py-${n}`]) : [['typescript', 'ts-2']]),
  ]
  let study: string
  let between: Network

  beforeAll(async () => {
    study = await newStudy({ leaseSeconds: 60, maxTrials: MAX_TRIALS })
    const asking = new Set<unknown>()
    let everyoneAsks = () => {}
    const everyone = new Promise<void>((resolve) => {
      everyoneAsks = resolve
    })
    const counts: Record<string, number> = {}
    between = await openNetwork(url, async ({ address, body }): Promise<Fault> => {
      const kind = address.split('/').at(-1) ?? ''
      if (kind === 'suggestions') {
        // So that each gets a trial, however slowly it starts.
        asking.add(body.client)
        if (asking.size === clients.length) everyoneAsks()
        await everyone
      }
      counts[kind] = (counts[kind] ?? 0) + 1
      return counts[kind] % 7 === 3 ? 'answer-lost' : counts[kind] % 5 === 2 ? 'busy' : 'none'
    })
    const started = clients.map(([language, client]) =>
      start(language, study, client, [], between.url),
    )
    await Promise.all(started.map(toTheEnd))
  }, 240_000)
  afterAll(() => between.close())

  test('complete every trial once, each with another mixture, over a network that loses answers', async () => {
    const trials = await trialsOf(study)
    expect(trials.map(({ state }) => state)).toEqual(new Array(MAX_TRIALS).fill('completed'))
    expect(trials.map(({ attemptCount }) => attemptCount)).toEqual(new Array(MAX_TRIALS).fill(1))
    expect(trials.every(({ replicateOf }) => replicateOf === null)).toBe(true)
    expect(distinct(trials.map(({ weights }) => weights))).toBe(MAX_TRIALS)
    for (const kind of ['suggestions', 'measurements', 'completion']) {
      const seen = between.seen.filter(({ address }) => address.endsWith(`/${kind}`))
      expect(new Set(seen.map(({ fault }) => fault))).toEqual(
        new Set(['none', 'busy', 'answer-lost']),
      )
    }
  })

  test('share them, and no two hold the same one', async () => {
    const trials = await trialsOf(study)
    const holders = await Promise.all(
      trials.map(async ({ id }) => {
        const { attempts, measurements } = await api.trial(study, id)
        expect(measurements.map(({ tokens }) => tokens)).toEqual([5000, 10_000, 15_000, 20_000])
        return attempts.flatMap(({ leases }) => leases.map(({ holder }) => holder))
      }),
    )
    expect(holders.map(({ length }) => length)).toEqual(new Array(MAX_TRIALS).fill(1))
    expect(new Set(holders.flat())).toEqual(new Set(clients.map(([, client]) => client)))
  })

  test('get the same losses for the same mixture and seed, whatever they are written in', async () => {
    for (const { weights, seed, measurement } of await trialsOf(study)) {
      const texts = new Map(Object.keys(weights).map((name) => [name, new Language(name)]))
      const steps = [...trainToy(texts, weights, { seed, tokens: 20_000, measurements: 4 })]
      const { losses } = steps[steps.length - 1]
      for (const [name, { mean, standardError }] of losses) {
        expect(measurement?.values[`loss/${name}`]).toBeCloseTo(mean, 9)
        expect(measurement?.standardErrors[`loss/${name}`]).toBeCloseTo(standardError, 9)
      }
    }
  })

  test('name every request that creates, send its name again with it, and show their key', () => {
    const posts = between.seen.filter(({ method }) => method === 'POST')
    const keys = new Map<unknown, Set<string>>()
    for (const { headers, address, body } of posts) {
      const what = keys.get(headers['idempotency-key']) ?? new Set()
      keys.set(headers['idempotency-key'], what.add(JSON.stringify([address, body])))
    }
    expect(keys.has(undefined)).toBe(false)
    expect(keys.size).toBeLessThan(posts.length)
    expect([...keys.values()].every((what) => what.size === 1)).toBe(true)
    expect(new Set(between.seen.map(({ headers }) => headers.authorization))).toEqual(
      new Set([`Bearer ${key}`]),
    )
  })

  test('leave a study that can be fitted', async () => {
    await api.follow(await api.requestFit(study), () => {})
    const { weights } = await api.recommendation(study)
    expect(Object.keys(weights)).toEqual(['web', 'code', 'books'])
    expect(Object.values(weights).reduce((sum, weight) => sum + weight)).toBeCloseTo(1, 6)
  })
})

describe.each(languages)('the trainer in %s', (language) => {
  test('gives its trial back on Ctrl-C and when its job is ended, for another to take', async () => {
    const study = await newStudy({ maxTrials: 2 })
    const signals = ['SIGINT', 'SIGTERM'] as const
    const held = signals.map((signal) => start(language, study, signal, ['--pause', '600']))
    await Promise.all(held.map((trainer) => trainer.saying(/training on/)))
    held.forEach(({ child }, i) => {
      child.kill(signals[i])
    })
    for (const { result } of held) expect(await result).toMatchObject({ code: 130 })
    for (const { state, attemptCount, problem } of await trialsOf(study)) {
      expect({ state, attemptCount }).toEqual({ state: 'failed', attemptCount: 1 })
      expect(problem?.detail).toContain('interrupted')
    }
    await toTheEnd(start(language, study, 'next', []))
    for (const { state, attemptCount } of await trialsOf(study)) {
      expect({ state, attemptCount }).toEqual({ state: 'completed', attemptCount: 2 })
    }
  })

  test('stops when it is asked to', async () => {
    const rule = { rule: 'successive-halving', minTokens: 5000, reduction: 2, minTrials: 2 }
    const study = await newStudy({ maxTrials: 6, earlyStopping: rule })
    const stdout = await toTheEnd(start(language, study, 'obedient', []))
    const trials = await trialsOf(study)
    expect(trials.length).toBe(6)
    const stopped = trials.filter(({ state }) => state === 'stopped')
    expect(stopped.length).toBeGreaterThan(0)
    for (const { id, endReason, measurement } of stopped) {
      expect(endReason).toContain('rung')
      expect(measurement?.tokens).toBeLessThan(20_000)
      expect(stdout).toContain(`${id}: stopped after ${measurement?.tokens} tokens: ${endReason}`)
    }
    const others = trials.filter(({ state }) => state !== 'stopped')
    expect(others.length).toBeGreaterThan(0)
    for (const { state, measurement } of others) {
      expect({ state, tokens: measurement?.tokens }).toEqual({ state: 'completed', tokens: 20_000 })
    }
  })

  test('gives signs of life while it has nothing to say', async () => {
    const study = await newStudy({ leaseSeconds: 1, maxTrials: 1 })
    let beats = 0
    const between = await network(url, ({ address }) => {
      if (address.endsWith('/heartbeat')) beats++
      return 'none'
    })
    const trainer = start(language, study, 'quiet', ['--pause', '600'], between.url)
    await expect.poll(() => beats, { timeout: 50_000 }).toBeGreaterThan(2)
    const [held] = await trialsOf(study)
    expect(held.measurement).toBeNull()
    trainer.child.kill('SIGTERM')
    await trainer.result
  })

  test('leaves a trial that was abandoned', async () => {
    const study = await newStudy({ maxTrials: 1 })
    const trainer = start(language, study, 'diligent', ['--pause', '0.5'])
    const [, id] = await trainer.saying(/(\S+): training on/)
    await fetch(`${url}/v1/studies/${study}/trials/${id}/abandonment`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ownKey}` },
      body: JSON.stringify({ reason: 'not wanted any more' }),
    })
    await toTheEnd(trainer)
    const [left] = await trialsOf(study)
    expect(left).toMatchObject({ id, state: 'abandoned', endReason: 'not wanted any more' })
  })

  test('does not go on with a key that was refused', async () => {
    const study = await newStudy({ maxTrials: 1 })
    const trainer = start(language, study, 'stranger', [], url, `${key.slice(0, -4)}XXXX`)
    expect(await trainer.result).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: key-invalid: .*\n$/),
    })
  })

  test('says what is wrong with what it is asked to do', async () => {
    const missing = start(language, '0193f0a2-5b1e-7c3d-8a41-2f6d0c9be511', 'lost', [])
    expect(await missing.result).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: study-not-found: .*\n$/),
    })
    const problem = {
      domains: [{ name: 'a' }, { name: 'b' }],
      metrics: [{ name: 'accuracy', direction: 'maximize' }],
      fidelities: [{ name: 'own', evaluator: 'external' }],
    }
    const { id } = await api.createStudy({ name: 'other metrics', problem })
    expect(await start(language, id, 'puzzled', []).result).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not accuracy'),
    })
  })
})

/** Asks for trials, and waits between. */
const WAITING: Record<string, readonly string[]> = {
  ...(python && {
    python: [
      python,
      '-c',
      `import sys
sys.path.insert(0, ${JSON.stringify(path.join(EXAMPLES, 'python'))})
import mixwright
mixwright.Client("patient").work("any", print)`,
    ],
  }),
  typescript: [
    process.execPath,
    '--input-type=module',
    '-e',
    `import { TrainerClient } from ${JSON.stringify(pathToFileURL(path.join(typescript, 'dist', 'client.js')))}
await new TrainerClient({ name: 'patient' }).work('any', async () => {})`,
  ],
}

test.each(languages)('the client in %s comes back when the service says so', async (language) => {
  const asked: number[] = []
  const server = createServer((_request, answer) => {
    asked.push(performance.now())
    answer.setHeader('content-type', 'application/json')
    if (asked.length === 1) answer.setHeader('retry-after', '1')
    answer.end(JSON.stringify({ trials: [], exhausted: asked.length > 1 }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const trainer = startTrainer(WAITING[language], { MIXWRIGHT_URL: `http://127.0.0.1:${port}` })
  trainers.push(trainer)
  const { code, stdout, stderr } = await trainer.result
  server.closeAllConnections()
  server.close()
  expect({ code, asked: asked.length }).toEqual({ code: 0, asked: 2 })
  expect(stdout + stderr).toContain('asking again in 1.0 s')
  // Timers of programs may be a few milliseconds early.
  expect(asked[1] - asked[0]).toBeGreaterThan(900)
})

/** Trains on nothing, and breaks as often as told. */
const BREAKING: Record<string, (times: number) => readonly string[]> = {
  ...(python && {
    python: (times) => [
      python,
      '-c',
      `import itertools, sys
sys.path.insert(0, ${JSON.stringify(path.join(EXAMPLES, 'python'))})
import mixwright
tries = itertools.count(1)
def train(trial):
    if next(tries) <= ${times}:
        raise RuntimeError("out of memory")
    trial.measure(1000, {"loss/web": 1.5, "loss/code": 2.5, "loss/books": 3.5})
mixwright.Client("fragile").work(sys.argv[1], train, idle_seconds=0.2)`,
    ],
  }),
  typescript: (times) => [
    process.execPath,
    '--input-type=module',
    '-e',
    `import { TrainerClient } from ${JSON.stringify(pathToFileURL(path.join(typescript, 'dist', 'client.js')))}
let tries = 0
const train = async (trial) => {
  if (++tries <= ${times}) throw new Error('out of memory')
  await trial.measure(1000, { 'loss/web': 1.5, 'loss/code': 2.5, 'loss/books': 3.5 })
}
await new TrainerClient({ name: 'fragile' }).work(process.argv[1], train, { idleSeconds: 0.2 })`,
  ],
}

describe.each(languages)('the client in %s', (language) => {
  const work = (study: string, times: number) => {
    const trainer = startTrainer([...BREAKING[language](times), study], {
      MIXWRIGHT_URL: url,
      MIXWRIGHT_API_KEY: key,
    })
    trainers.push(trainer)
    return trainer.result
  }

  test('gives a trial back whose training breaks, and takes it again', async () => {
    const study = await newStudy({ maxTrials: 1 })
    const { code, stdout, stderr } = await work(study, 2)
    expect({ code, told: stdout + stderr }).toMatchObject({
      code: 0,
      told: expect.stringContaining('given back, '),
    })
    const [trial] = await trialsOf(study)
    expect(trial).toMatchObject({ state: 'completed', attemptCount: 3 })
    const { attempts } = await api.trial(study, trial.id)
    expect(attempts.map(({ state }) => state)).toEqual(['failed', 'failed', 'completed'])
    expect(attempts[0].problem?.detail).toContain('out of memory')
  })

  test('ends when it breaks again and again', async () => {
    const study = await newStudy({ maxTrials: 9, maxAttempts: 1 })
    const { code, stderr } = await work(study, 9)
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('out of memory'),
    })
    const states = (await trialsOf(study)).map(({ state }) => state)
    expect(states).toEqual(['failed', 'failed', 'failed'])
  })
})
