import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))
let folder: string
let service: number | undefined

beforeEach(() => {
  service = undefined
  folder = mkdtempSync(path.join(tmpdir(), 'mixwright-start-'))
})
afterEach(() => {
  if (service !== undefined) endIfAlive(service)
  rmSync(folder, { recursive: true, force: true })
})

function endIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

test('npm start passes SIGTERM on: the service ends, and gives its folder free', async () => {
  const npm = spawn('npm', ['start', '--silent', '--', '--json'], {
    cwd: repository,
    env: { ...process.env, DATABASE_URL: '', MIXWRIGHT_PORT: '0', MIXWRIGHT_DATA: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(npm, 'close')
  const answer = await Promise.race([once(createInterface(npm.stdout), 'line'), closed])
  const { pid, url } = JSON.parse(`${answer[0]}`)
  service = pid
  expect((await fetch(`${url}/livez`)).status).toBe(200)
  npm.kill('SIGTERM')
  // The pipe closes when the last process that writes into it has ended.
  await closed
  service = undefined
  await expect(fetch(`${url}/livez`)).rejects.toThrow()
  expect(existsSync(path.join(folder, 'LOCK'))).toBe(false)
})
