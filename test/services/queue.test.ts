import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openQueue } from '../../src/workers/queue/index.js'
import { queueConformance } from '../workers/queue-conformance.js'
import { createRecordingLogger } from '../workers/recording-logger.js'

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
    expect(warnings).toEqual([expect.stringContaining('maxmemory-policy allkeys-lru')])
    expect(logger.lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: warnings[0] }),
    )
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
