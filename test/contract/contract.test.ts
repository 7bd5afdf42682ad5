import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const REQUESTS = 300

test('no answer departs from the OpenAPI description', { timeout: 300_000 }, async () => {
  const script = path.join(import.meta.dirname, 'run.mjs')
  const args = [script, '--requests', String(REQUESTS), '--minutes', '4', '--json']
  const run = promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 })
  // It ends with 1 when there is something to tell, and tells it.
  const { stdout } = await run.catch((error: { stdout: string }) => error)
  const { sent, failures, seed, operations } = JSON.parse(stdout)
  expect({ seed, failures }).toEqual({ seed, failures: [] })
  expect(sent).toBe(REQUESTS)
  const answered = Object.values<{ good: number }>(operations).filter(({ good }) => good > 0)
  expect(answered.length).toBeGreaterThan(10)
})
