// Runs a command beside a private Redis and a private PostgreSQL:
//
//   node scripts/with-services.mjs <command> [argument…]
//
// Both listen on free ports of the loopback address, keep their data in a temporary folder and are stopped when the
// command ends. The command finds them in REDIS_URL and DATABASE_URL, and its exit code becomes ours.
import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { constants, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

const READY_TRIES = 300
const READY_PAUSE_MS = 100
const STOP_LIMIT_MS = 10_000
const START_TRIES = 3

const isRoot = process.getuid?.() === 0

class SetupError extends Error {}

function onPath(program) {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  return folders.map((folder) => path.join(folder, program)).find((file) => existsSync(file))
}

/** PostgreSQL's server programs are often kept off the PATH; the newest version found wins. */
function postgresProgram(program) {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  const candidates = versions.map((version) => path.join(root, version, 'bin', program))
  return candidates.find((file) => existsSync(file)) ?? onPath(program)
}

const redisProgram = () => onPath('redis-server')

function installMissing() {
  const missing = []
  if (!redisProgram()) missing.push('redis-server')
  if (!postgresProgram('initdb') || !postgresProgram('postgres')) missing.push('postgresql')
  if (missing.length === 0) return
  if (!isRoot || !onPath('apt-get')) {
    throw new SetupError(
      `Missing: ${missing.join(', ')}. Install it with the system's package manager and run this again.`,
    )
  }
  console.error(`Installing ${missing.join(', ')} from the system's packages`)
  // Run level 1 keeps the packages from starting servers of their own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const stdio = ['ignore', 2, 2]
  execFileSync('apt-get', ['update', '-qq'], { env, stdio })
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    env,
    stdio,
  })
}

/** PostgreSQL refuses to run as root, so root lends it another user. */
function serviceUser() {
  if (!isRoot) return {}
  for (const name of ['postgres', 'nobody']) {
    try {
      const number = (flag) => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }))
      return { uid: number('-u'), gid: number('-g') }
    } catch {
      // The next name is tried.
    }
  }
  throw new SetupError('There is neither a user "postgres" nor a user "nobody" to run PostgreSQL.')
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** A process of ours with the tail of what it printed, in a group of its own so that Ctrl-C does not reach it first. */
function start(program, args, options) {
  const child = spawn(program, args, {
    ...options,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const service = { child, output: '', ended: false }
  const keep = (chunk) => {
    service.output = (service.output + chunk).slice(-4000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  service.exit = new Promise((resolve) => {
    const end = () => {
      service.ended = true
      resolve()
    }
    child.once('exit', end)
    child.once('error', (error) => {
      keep(String(error))
      end()
    })
  })
  return service
}

async function stop(service, signal) {
  if (service.ended) return
  service.child.kill(signal)
  const stopped = await Promise.race([
    service.exit.then(() => true),
    delay(STOP_LIMIT_MS, false, { ref: false }),
  ])
  if (!stopped) {
    service.child.kill('SIGKILL')
    await service.exit
  }
}

async function waitUntilReady(service, connect) {
  for (let tries = 0; tries < READY_TRIES && !service.ended; tries++) {
    try {
      await connect()
      return true
    } catch {
      await delay(READY_PAUSE_MS)
    }
  }
  return false
}

/** Another process may take the free port before the service does; then it is tried with another one. */
async function startOnFreePort(name, launch, connect, signal, running) {
  let output = ''
  for (let tries = 0; tries < START_TRIES; tries++) {
    const port = await freePort()
    const service = launch(port)
    const stopService = () => stop(service, signal)
    running.push(stopService)
    if (await waitUntilReady(service, () => connect(port))) return port
    await stopService()
    output = service.output
  }
  throw new SetupError(`${name} did not start:\n${output}`)
}

function pingRedis(port) {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.setTimeout(1000, () => socket.destroy(new Error('no answer')))
    socket.once('error', reject)
    socket.once('connect', () => socket.write('PING\r\n'))
    socket.once('data', (data) => {
      socket.destroy()
      if (String(data).startsWith('+PONG')) resolve()
      else reject(new Error(String(data)))
    })
  })
}

async function startRedis(folder, running) {
  const data = path.join(folder, 'redis')
  mkdirSync(data)
  const options = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', data]
  const launch = (port) => start(redisProgram(), ['--port', String(port), ...options], {})
  const port = await startOnFreePort('Redis', launch, pingRedis, 'SIGTERM', running)
  return `redis://127.0.0.1:${port}`
}

const databaseUrl = (port) => `postgresql://mixwright@127.0.0.1:${port}/postgres`

async function pingPostgres(port) {
  const client = new pg.Client({ connectionString: databaseUrl(port) })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end().catch(() => {})
  }
}

async function startPostgres(folder, running) {
  const user = serviceUser()
  const data = path.join(folder, 'postgres')
  mkdirSync(data, { mode: 0o700 })
  if (user.uid !== undefined) {
    chownSync(folder, user.uid, user.gid)
    chownSync(data, user.uid, user.gid)
  }
  const options = { ...user, cwd: data }
  execFileSync(
    postgresProgram('initdb'),
    ['-D', data, '-U', 'mixwright', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync'],
    { ...options, stdio: ['ignore', 'ignore', 2] },
  )
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'].flatMap(
    (setting) => ['-c', setting],
  )
  const launch = (port) =>
    start(postgresProgram('postgres'), ['-D', data, '-p', String(port), ...settings], options)
  // SIGINT is PostgreSQL's "fast shutdown": it does not wait for clients to go.
  const port = await startOnFreePort('PostgreSQL', launch, pingPostgres, 'SIGINT', running)
  return databaseUrl(port)
}

function runCommand([program, ...args], env, signals) {
  return new Promise((resolve, reject) => {
    const bin = fileURLToPath(new URL('../node_modules/.bin', import.meta.url))
    const PATH = [bin, process.env.PATH].join(path.delimiter)
    const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...env, PATH } })
    signals.forward = (signal) => child.kill(signal)
    child.once('error', (error) => reject(new SetupError(`${program}: ${error.message}`)))
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
}

async function main(command) {
  if (command.length === 0) {
    throw new SetupError('Usage: node scripts/with-services.mjs <command> [argument…]')
  }
  const signals = { received: undefined, forward: undefined }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      signals.received ??= signal
      signals.forward?.(signal)
    })
  }
  const running = []
  const folder = mkdtempSync(path.join(tmpdir(), 'mixwright-services-'))
  try {
    installMissing()
    const REDIS_URL = await startRedis(folder, running)
    const DATABASE_URL = await startPostgres(folder, running)
    if (signals.received) return 128 + constants.signals[signals.received]
    return await runCommand(command, { REDIS_URL, DATABASE_URL }, signals)
  } finally {
    await Promise.all(running.map((stopService) => stopService()))
    rmSync(folder, { recursive: true, force: true })
  }
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error)
  process.exitCode = 1
}
