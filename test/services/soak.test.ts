import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const SCRIPT = fileURLToPath(new URL('../soak/index.mjs', import.meta.url))

test('half a minute of kills loses nothing, completes nothing twice, and shares no trial', async () => {
  const args = ['--minutes', '0.5', '--clients', '30', '--processes', '3', '--proxies', '2']
  const pace = ['--kill-seconds', '3', '--pause', '0.5', '--seed', '7', '--json']
  const child = spawn(process.execPath, [SCRIPT, ...args, ...pace], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const [code] = await once(child, 'close')
  if (output.stdout === '') throw new Error(output.stderr)
  const report = JSON.parse(output.stdout)
  expect(report.violations).toEqual([])
  expect(code).toBe(0)
  // It would find nothing either where nothing was done.
  expect(report.acknowledgedMeasurements).toBeGreaterThan(30)
  expect(report.acknowledgedCompletions).toBeGreaterThan(5)
  expect(Object.keys(report.kills)).toEqual(
    expect.arrayContaining(['api', 'worker', 'clients', 'redis, emptied']),
  )
}, 600_000)
