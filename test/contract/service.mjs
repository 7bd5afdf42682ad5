import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** Requests come faster than any limit; the wrong keys among them, too. */
const ENVIRONMENT = {
  MIXWRIGHT_LOG_LEVEL: 'error',
  MIXWRIGHT_RATE_LIMIT: '0',
  MIXWRIGHT_WORKERS: '1',
  MIXWRIGHT_TRAINING_THREADS: '1',
  DATABASE_URL: '',
  REDIS_URL: '',
}

const SCOPES = 'read,write,run,admin'

/** The service on a new folder and a free port, with a key for everything. */
export async function startService() {
  const folder = await mkdtemp(path.join(tmpdir(), 'mixwright-contract-'))
  const env = { ...process.env, ...ENVIRONMENT, MIXWRIGHT_DATA: folder }
  const key = await newKey(env)
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', '--json'], { env })
  const complaints = []
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line))
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const started = await Promise.race([once(lines, 'line'), exited.then(() => undefined)])
  if (!started) throw new Error(`the service did not start:\n${complaints.join('\n')}`)
  return {
    url: JSON.parse(started[0]).url,
    key,
    /** What the service has logged as an error. */
    complaints,
    async stop() {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function newKey(env) {
  const args = ['keys', 'create', '--name', 'contract', '--scopes', SCOPES, '--json']
  const child = spawn(process.execPath, [program, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output = []
  child.stdout.on('data', (data) => output.push(data))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`mixwright keys create ended with ${code}`)
  return JSON.parse(Buffer.concat(output).toString())
}
