import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type RunningCommand, startCommand } from '../cli/support.js'
import { temporaryFolder } from '../cli/tables.js'
import { syntheticText } from '../support/synthetic-text.js'

/** A service that is killed without warning while it trains proxies, at moments where something is half done. */

const DOMAINS = { north: 240, south: 160, east: 80 }
/** One more than there are domains, all of them at work at once. */
const TRIALS = 4
const STEPS = 300

const folder = temporaryFolder()
let server: RunningCommand
let url = ''

async function start(): Promise<void> {
  const args = ['serve', '--port', '0', '--data', folder, '--json', '--workers', '1']
  server = startCommand(args, {
    MIXWRIGHT_TRAINING_THREADS: String(TRIALS),
    MIXWRIGHT_CHECKPOINT_SECONDS: '0.2',
  })
  const [line] = await server.saying(/^\{.*\}$/m)
  url = JSON.parse(line).url
}

async function killAndRestart(): Promise<void> {
  server.child.kill('SIGKILL')
  await server.result
  await start()
}

async function call<T>(method: string, address: string, body?: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json' }
  const isForm = body instanceof FormData
  const response = await fetch(url + address, {
    method,
    ...(isForm && { body }),
    ...(body !== undefined && !isForm && { headers, body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

const get = <T>(address: string) => call<T>('GET', address)

interface Search {
  id: string
  state: string
  counts: Record<'waiting' | 'running' | 'completed' | 'failed' | 'cancelled', number>
  problem: unknown
}

interface Trial {
  id: string
  position: number
  state: string
  attemptCount: number
  measurement: { tokens: number } | null
}

interface TrialDetail extends Trial {
  attempts: { state: string }[]
  measurements: { tokens: number; values: Record<string, number> }[]
}

function until<T>(read: () => Promise<T>, reached: (value: T) => boolean): Promise<T> {
  return vi.waitFor(
    async () => {
      const last = await read()
      expect(reached(last)).toBe(true)
      return last
    },
    { timeout: 120_000, interval: 20 },
  )
}

async function ingestCorpus(): Promise<string> {
  const { id } = await call<{ id: string }>('POST', '/v1/corpora', {
    name: 'synthetic',
    domains: Object.keys(DOMAINS).map((name) => ({ name })),
    settings: { tokenizer: { kind: 'bpe', vocabularySize: 300 }, validationFraction: 0.1 },
  })
  for (const [domain, documents] of Object.entries(DOMAINS)) {
    const form = new FormData()
    form.set('domain', domain)
    form.set('file', new Blob([syntheticText(domain, documents)]), `${domain}.jsonl`)
    await call('POST', `/v1/corpora/${id}/sources`, form)
  }
  await call('POST', `/v1/corpora/${id}/ingestions`)
  await until(
    () => get<{ ingestion: unknown; job: unknown }>(`/v1/corpora/${id}`),
    ({ ingestion, job }) => ingestion !== null && job === null,
  )
  return id
}

let corpus = ''

/** @returns the addresses of a study and of its search */
async function startSearch(): Promise<{ study: string; search: string }> {
  const model = { width: 16, layers: 1, heads: 2, context: 16 }
  const proxy = { model, tokens: STEPS * 8 * 16, batchSize: 8, validationSequences: 16 }
  const { id } = await call<{ id: string }>('POST', '/v1/studies', {
    name: 'killed',
    problem: { corpus, fidelities: [{ name: 'proxy', evaluator: 'proxy', proxy }] },
  })
  const study = `/v1/studies/${id}`
  const search = await call<Search>('POST', `${study}/searches`, { trials: TRIALS })
  return { study, search: `${study}/searches/${search.id}` }
}

async function trialsOf(study: string): Promise<Trial[]> {
  return (await get<{ items: Trial[] }>(`${study}/trials?limit=100`)).items
}

/** What a search came to, without the ids, which are others every time. */
async function outcomeOf(study: string) {
  const listed = await trialsOf(study)
  const trials = await Promise.all(
    listed.map(({ id }) => get<TrialDetail>(`${study}/trials/${id}`)),
  )
  const { provenance, ...recommendation } = await get<{ provenance: object }>(
    `${study}/recommendation`,
  )
  // The hash is over the runs and their ids.
  let text = JSON.stringify({ ...recommendation, ...provenance, dataHash: null })
  for (const { id, position } of trials) text = text.replaceAll(id, `trial ${position}`)
  return {
    recommendation: JSON.parse(text) as unknown,
    trials: trials.map(({ position, state, measurements }) => ({
      position,
      state,
      measurements: measurements.map(({ tokens, values }) => ({ tokens, values })),
    })),
    attempts: trials.flatMap(({ attempts }) => attempts.map(({ state }) => state)),
  }
}

beforeAll(async () => {
  await start()
  corpus = await ingestCorpus()
}, 180_000)
afterAll(async () => {
  server.child.kill('SIGKILL')
  await server.result
  rmSync(folder, { recursive: true, force: true })
})

describe('kill -9 while four trials train', () => {
  let undisturbed: Awaited<ReturnType<typeof outcomeOf>>

  test('never: what the search comes to when it is left alone', async () => {
    const { study, search } = await startSearch()
    await until(
      () => get<Search>(search),
      ({ state }) => state === 'finished',
    )
    undisturbed = await outcomeOf(study)
    expect(undisturbed.trials.map(({ state }) => state)).toEqual(Array(TRIALS).fill('completed'))
    for (const { measurements } of undisturbed.trials) expect(measurements).toHaveLength(4)
    expect(undisturbed.attempts).toEqual(Array(TRIALS).fill('completed'))
  }, 180_000)

  const measured = (trials: Trial[]) => trials.filter(({ measurement }) => measurement !== null)
  const completed = ({ counts }: Search) => counts.completed

  test.each([
    ['as soon as the search is acknowledged', async () => {}],
    [
      'when they have been measured',
      (study: string) =>
        until(
          () => trialsOf(study),
          (trials) => measured(trials).length === TRIALS,
        ),
    ],
    [
      'when the first of them have completed',
      (_: string, search: string) =>
        until(
          () => get<Search>(search),
          (read) => completed(read) > 0,
        ),
    ],
  ])(
    '%s: none is lost, none is counted twice, and the recommendation is the same',
    async (_, moment) => {
      const { study, search } = await startSearch()
      await moment(study, search)
      await killAndRestart()
      const ended = await until(
        () => get<Search>(search),
        ({ state }) => state !== 'running' && state !== 'fitting',
      )
      expect(ended).toMatchObject({ state: 'finished', problem: null })
      const { attempts, ...outcome } = await outcomeOf(study)
      const { attempts: _attempts, ...expected } = undisturbed
      expect(outcome).toEqual(expected)
      expect(attempts.filter((state) => state === 'completed')).toHaveLength(TRIALS)
      expect(attempts.every((state) => state === 'completed' || state === 'lost')).toBe(true)
    },
    180_000,
  )

  test('twice while all of them train', async () => {
    const { study, search } = await startSearch()
    for (let kill = 0; kill < 2; kill++) {
      await until(
        () => trialsOf(study),
        (trials) => trials.every(({ attemptCount }) => attemptCount > kill),
      )
      await killAndRestart()
    }
    await until(
      () => get<Search>(search),
      ({ state }) => state === 'finished',
    )
    const { attempts, ...outcome } = await outcomeOf(study)
    const { attempts: _attempts, ...expected } = undisturbed
    expect(outcome).toEqual(expected)
    expect(attempts.filter((state) => state === 'completed')).toHaveLength(TRIALS)
  }, 180_000)
})
