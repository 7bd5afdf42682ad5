// API, workers and Redis as processes that may be killed at any time and come back; PostgreSQL is given and stays.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { startMixwright } from '../../bench/api/processes.mjs'

const APIS = 2
const WORKERS = 2
const MOST_STARTS = 20

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

async function onServer(url, statement) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A database of its own on the server. */
async function newDatabase(serverUrl) {
  const name = `soak_${randomBytes(6).toString('hex')}`
  await onServer(serverUrl, `create database ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => onServer(serverUrl, `drop database ${name} with (force)`) }
}

/** One process that comes back under the same address. */
class Restartable {
  #start
  #running

  constructor(start) {
    this.#start = start
  }

  /** Again and again, as whatever watches over processes does: one that meets no Redis at its start gives up. */
  async start() {
    for (let tries = 1; ; tries++) {
      try {
        this.#running = await this.#start()
        return
      } catch (error) {
        if (tries === MOST_STARTS) throw error
        await delay(500)
      }
    }
  }

  get isRunning() {
    return this.#running !== undefined
  }

  get output() {
    return this.#running?.output
  }

  async kill() {
    const running = this.#running
    this.#running = undefined
    await running?.kill()
  }
}

export class Deployment {
  /** Undefined until opened. */
  databaseUrl
  apiUrls
  apis
  workers
  redis
  #database
  #redisFolder

  static async open(folder, { proxies }) {
    const { DATABASE_URL } = process.env
    if (!DATABASE_URL) throw new Error('DATABASE_URL is missing: run `npm run soak`')
    const deployment = new Deployment()
    deployment.#database = await newDatabase(DATABASE_URL)
    deployment.databaseUrl = deployment.#database.url
    try {
      await deployment.#start(folder, proxies)
    } catch (error) {
      await deployment.close()
      throw error
    }
    return deployment
  }

  async #start(folder, proxies) {
    const redisPort = await freePort()
    this.#redisFolder = path.join(folder, 'redis')
    this.redis = new Restartable(() => startRedis(redisPort, this.#redisFolder))
    await this.redis.start()
    const data = path.join(folder, 'data')
    const env = {
      DATABASE_URL: this.databaseUrl,
      REDIS_URL: `redis://127.0.0.1:${redisPort}`,
      MIXWRIGHT_CHECKPOINT_SECONDS: '1',
      MIXWRIGHT_LOG_LEVEL: 'error',
    }
    const training = String(Math.ceil(proxies / WORKERS))
    const ports = await Promise.all(Array.from({ length: APIS }, freePort))
    this.apiUrls = ports.map((port) => `http://127.0.0.1:${port}`)
    this.apis = ports.map((port) => {
      const args = ['api', '--port', String(port), '--data', data]
      const own = { ...env, MIXWRIGHT_TRAINING_THREADS: String(proxies) }
      return new Restartable(() => startMixwright(args, own))
    })
    this.workers = Array.from({ length: WORKERS }, () => {
      const args = [
        'worker',
        '--port',
        '0',
        '--data',
        data,
        '--workers',
        '1',
        '--trainings',
        training,
      ]
      return new Restartable(() => startMixwright(args, env))
    })
    // The first creates the tables; the others would only wait for it.
    for (const one of [...this.apis, ...this.workers]) await one.start()
  }

  /** What a Redis knows that has lost its disk. */
  emptyRedis() {
    rmSync(this.#redisFolder, { recursive: true, force: true })
  }

  /** Whatever was killed and did not come back yet. */
  async restoreAll() {
    const all = [this.redis, ...this.apis, ...this.workers]
    for (const one of all.filter(({ isRunning }) => !isRunning)) await one.start()
  }

  async close() {
    const all = [...(this.apis ?? []), ...(this.workers ?? []), this.redis]
    await Promise.all(all.map((one) => one?.kill()))
    await this.#database.drop()
  }
}

async function startRedis(port, folder) {
  mkdirSync(folder, { recursive: true })
  const options = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always']
  const memory = ['--maxmemory-policy', 'noeviction']
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
  const child = spawn('redis-server', [...place, ...options, ...memory], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const client = new Redis(port, { retryStrategy: () => 50, maxRetriesPerRequest: null })
  client.on('error', () => {})
  await client.ping()
  client.disconnect()
  return {
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
