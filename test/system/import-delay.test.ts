import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRng } from '../../src/optimizers/random.js'
import { temporaryFolder } from '../cli/tables.js'

/** What a request may wait for at most while a table of 100,000 rows is imported. */
const LONGEST_BLOCK_MS = 50

const DOMAINS = Array.from({ length: 17 }, (_, j) => `d${j}`)
const METRICS = Array.from({ length: 13 }, (_, k) => `m${k}`)
const ROWS = 100_000

const folder = temporaryFolder()
let service: ChildProcess
let url = ''

async function ask<T>(message: string): Promise<T> {
  const answer = once(service, 'message')
  service.send(message)
  return (await answer)[0]
}

beforeAll(async () => {
  const program = fileURLToPath(new URL('measured-service.mjs', import.meta.url))
  service = fork(program, [folder], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [message] = await once(service, 'message')
  url = (message as { url: string }).url
}, 120_000)

afterAll(async () => {
  service.send('close')
  await once(service, 'exit')
  rmSync(folder, { recursive: true, force: true })
})

/** Weights on a grid of 1/1000, so that rows sum to 1 as published tables do. */
function weights(rng: ReturnType<typeof createRng>): number[] {
  const counts = new Array<number>(DOMAINS.length).fill(0)
  for (let k = 0; k < 1000; k += 50) counts[rng.integer(DOMAINS.length)] += 50
  return counts.map((count) => count / 1000)
}

function jsonTable(): Buffer {
  const rng = createRng(1, 'large table')
  const runs: string[] = []
  for (let i = 0; i < ROWS; i++) {
    const shares = weights(rng).map((weight, j) => `"${DOMAINS[j]}":${weight}`)
    const values = METRICS.map((metric) => `"${metric}":${(2 + rng.uniform()).toFixed(4)}`)
    runs.push(`{"id":"r${i}","weights":{${shares}},"metrics":{${values}}}`)
  }
  return Buffer.from(`{"runs":[${runs.join(',')}]}`)
}

function csvTables(): FormData {
  const rng = createRng(2, 'large table')
  const mixtures = [`index,${DOMAINS.map((name) => `train_${name}`)}`]
  const metrics = [`index,${METRICS.map((name) => `metric/${name}`)}`]
  for (let i = 0; i < ROWS; i++) {
    mixtures.push(`${i},${weights(rng)}`)
    metrics.push(`${i},${METRICS.map(() => (2 + rng.uniform()).toFixed(4))}`)
  }
  const form = new FormData()
  form.append('mixtures', new Blob([mixtures.join('\n')]), 'mixtures.csv')
  form.append('metrics', new Blob([metrics.join('\n')]), 'metrics.csv')
  return form
}

async function newStudy(): Promise<string> {
  const problem = {
    domains: DOMAINS.map((name) => ({ name })),
    metrics: METRICS.map((name) => ({ name })),
  }
  const response = await fetch(`${url}/v1/studies`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'large', problem }),
  })
  return url + response.headers.get('location')
}

const asJson = () => ({ body: jsonTable(), headers: { 'content-type': 'application/json' } })
const asForm = () => ({ body: csvTables(), headers: {} })

test.skipIf(!existsSync('/proc/self/schedstat')).each([
  ['JSON', asJson],
  ['CSV', asForm],
])(
  'an import of 100,000 rows as %s never blocks the event loop',
  async (_, upload) => {
    const { body, headers } = upload()
    const study = await newStudy()
    await ask('measure')
    const response = await fetch(`${study}/imports`, { method: 'POST', body, headers })
    const longest = await ask<{ computedMs: number; clockMs: number }>('report')
    expect(response.status).toBe(201)
    console.log(
      `longest block ${longest.computedMs.toFixed(1)} ms, by the clock ${longest.clockMs.toFixed(1)} ms`,
    )
    expect(longest.computedMs).toBeGreaterThan(0)
    expect(longest.computedMs).toBeLessThan(LONGEST_BLOCK_MS)
  },
  200_000,
)
