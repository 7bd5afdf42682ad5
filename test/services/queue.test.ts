import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore } from '../../src/store/index.js'
import { openQueue } from '../../src/workers/index.js'
import { idleProcessors, ONE_EACH, queueConformance } from '../workers/queue-conformance.js'
import { createRecordingLogger } from '../workers/recording-logger.js'
import { workersConformance } from '../workers/workers-conformance.js'

const { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl } = process.env
if (!redisUrl || !databaseUrl) {
  throw new Error('REDIS_URL and DATABASE_URL are missing: run `npm run test:services`')
}

queueConformance('Redis', async () => {
  const admin = new Redis(redisUrl)
  return {
    open: (options) => openQueue({ kind: 'redis', redisUrl, ...options }),
    async dropConnections() {
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    },
    async close() {
      await admin.quit()
    },
  }
})

queueConformance('PostgreSQL', async () => {
  const admin = new pg.Client({ connectionString: databaseUrl })
  await admin.connect()
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 20,
    keepAlive: true,
    options: '-c search_path=bullmq,public',
  })
  pool.on('error', () => {})
  pool.setMaxListeners(0)
  return {
    open: (options) => openQueue({ kind: 'postgresql', pool, ...options }),
    async dropConnections() {
      await admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
      )
    },
    async close() {
      await pool.end()
      await admin.end()
    },
  }
})

workersConformance('PostgreSQL and Redis', async () => {
  const admin = new Redis(redisUrl)
  const store = await openStore({ databaseUrl })
  return {
    store,
    openQueue: (prefix) =>
      openQueue({ kind: 'redis', redisUrl, prefix, logger: createRecordingLogger() }),
    async loseQueue() {
      await admin.flushall()
    },
    async close() {
      await store.close()
      await admin.quit()
    },
  }
})

workersConformance('PostgreSQL alone', async () => {
  const store = await openStore({ databaseUrl })
  const { pool } = store
  pool.setMaxListeners(0)
  return {
    store,
    openQueue: (prefix) =>
      openQueue({ kind: 'postgresql', pool, prefix, logger: createRecordingLogger() }),
    async loseQueue() {
      await pool.query('DELETE FROM bullmq.job')
    },
    close: () => store.close(),
  }
})

describe('openQueue', () => {
  let admin: Redis

  beforeAll(() => {
    admin = new Redis(redisUrl)
  })
  afterAll(async () => {
    await admin.config('SET', 'maxmemory-policy', 'noeviction')
    await admin.quit()
  })

  test('warns when Redis may throw jobs away', async () => {
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const logger = createRecordingLogger()
    const queue = await openQueue({ kind: 'redis', redisUrl, logger })
    const { warnings } = await queue.health()
    await queue.close()
    expect(warnings).toEqual([
      expect.stringContaining('maxmemory-policy allkeys-lru'),
      expect.stringContaining('no append-only file'),
    ])
    for (const message of warnings) {
      expect(logger.lines).toContainEqual(expect.objectContaining({ level: 'warn', message }))
    }
  })

  test('says which Redis cannot be reached, without the password', async () => {
    const url = 'redis://user:secret@127.0.0.1:1'
    const opening = openQueue({ kind: 'redis', redisUrl: url, logger: createRecordingLogger() })
    const error = await opening.catch((reason: Error) => reason)
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toContain('127.0.0.1:1')
    expect((error as Error).message).not.toContain('secret')
  })

  test('refuses a database pool whose search_path lacks the queue', async () => {
    const pool = new pg.Pool({ connectionString: databaseUrl })
    const opening = openQueue({ kind: 'postgresql', pool, logger: createRecordingLogger() })
    await expect(opening).rejects.toThrow('search_path')
    await pool.end()
  })
})

describe('while Redis is away', () => {
  test('rings do not fail, jobs wait for its return, and closing takes seconds only', async () => {
    const port = await freePort()
    let server = await startRedis(port)
    const queue = await openQueue({
      kind: 'redis',
      redisUrl: `redis://127.0.0.1:${port}`,
      logger: createRecordingLogger(),
    })
    const seen: string[] = []
    let onSeen = () => {}
    const handle = async ({ jobId }: { jobId: string }) => {
      seen.push(jobId)
      onSeen()
      return 'done' as const
    }
    const worker = await queue.startWorker([{ job: 'fit', handle }, ...idleProcessors], ONE_EACH)
    await stopRedis(server)
    await expect(queue.ring('fit', 'lost')).resolves.toBeUndefined()
    await expect(queue.send('fit', { jobId: 'lost' })).rejects.toThrow()
    await expect(queue.health()).rejects.toThrow()

    server = await startRedis(port)
    const back = new Promise<void>((resolve) => {
      onSeen = resolve
    })
    await expect.poll(() => queue.send('fit', { jobId: 'kept' }), POLL).toBeUndefined()
    await back
    expect(seen).toEqual(['kept'])

    await stopRedis(server)
    const begin = performance.now()
    await worker.close()
    await queue.close()
    expect(performance.now() - begin).toBeLessThan(15_000)
  })
})

const POLL = { timeout: 20_000, interval: 50 }

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

async function startRedis(port: number): Promise<ChildProcess> {
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', tmpdir()]
  const server = spawn('redis-server', options, { stdio: 'ignore' })
  const client = new Redis(port, { retryStrategy: () => 20 })
  client.on('error', () => {})
  await client.ping()
  client.disconnect()
  return server
}

async function stopRedis(server: ChildProcess): Promise<void> {
  server.kill('SIGKILL')
  await once(server, 'exit')
}
