// Processes of the service, for benchmarks and for the soak test: started, asked, stopped, killed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const BARE = fileURLToPath(new URL('bare.mjs', import.meta.url))

/** What this environment says of servers is for those alone who are given it. */
const inherited = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => name !== 'DATABASE_URL' && name !== 'REDIS_URL' && !name.startsWith('MIXWRIGHT_'),
  ),
)

/** Starts a Node program that says what it is in one line of JSON. */
export async function startProgram(script, args, env = {}) {
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...inherited, MIXWRIGHT_RATE_LIMIT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => {
      output[name] = (output[name] + text).slice(-100_000)
    })
  }
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  const facts = await new Promise((resolve, reject) => {
    const look = () => {
      const [line] = /^\{.*\}$/m.exec(output.stdout) ?? []
      if (line) resolve(JSON.parse(line))
    }
    child.stdout.on('data', look)
    ended.then(({ code }) =>
      reject(new Error(`${args.join(' ')} ended with ${code}:\n${output.stderr}`)),
    )
  })
  return {
    pid: child.pid,
    url: facts.url,
    facts,
    output,
    ended,
    async stop() {
      child.kill('SIGTERM')
      const { code } = await ended
      if (code !== 0) throw new Error(`${args[0]} ended with ${code}:\n${output.stderr}`)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** @param args of `mixwright`, without `--json` */
export const startMixwright = (args, env) => startProgram(MAIN, [...args, '--json'], env)

/** The bare route, on the same database. */
export const startBare = (folder, env) => startProgram(BARE, [folder ?? ''], env)

/** The body of a successful answer. */
export async function call(address, body, headers = {}) {
  const isForm = body instanceof FormData
  const response = await fetch(address, {
    ...(body !== undefined && { method: 'POST', body: isForm ? body : JSON.stringify(body) }),
    headers: { ...(body !== undefined && !isForm && JSON_BODY), ...headers },
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${address}: ${response.status} ${text}`)
  return JSON.parse(text)
}

const JSON_BODY = { 'content-type': 'application/json' }
