import { createPostgresBackend, createRedisBackend, type PgPool, runMigrations } from 'bullmq'
import { Redis } from 'ioredis'
import { within } from '../deadline.js'
import { type Bull, bindBull } from './bull.js'
import { RedisUnreachableError, UnfitRedisError } from './redis-unreachable.js'

const SCHEMA = 'bullmq'
const CONNECT_LIMIT_MS = 10_000
const COMMAND_LIMIT_MS = 5000

/**
 * BullMQ on PostgreSQL or PGlite. Creates or updates its tables in the schema `bullmq`.
 * @throws Error when the pool's `search_path` lacks that schema: BullMQ's statements do not name it
 */
export async function bullOnDatabase(pool: PgPool): Promise<Bull> {
  // A client of its own, because the migration is a transaction.
  const client = await pool.connect()
  try {
    await runMigrations(client, SCHEMA)
    const { rows } = await client.query<{ found: boolean }>(
      'SELECT $1 = ANY(current_schemas(false)::text[]) AS found',
      [SCHEMA],
    )
    if (!rows[0]?.found) {
      throw new Error(`the search_path of the queue's database pool must include "${SCHEMA}"`)
    }
  } finally {
    client.release()
  }
  return bindBull(createPostgresBackend, { producer: pool, worker: pool }, [])
}

/**
 * BullMQ on Redis.
 * @throws RedisUnreachableError when Redis does not answer within ten seconds; UnfitRedisError when it is too old
 */
export async function bullOnRedis(url: string): Promise<Bull> {
  const shared = {
    url,
    connectTimeout: COMMAND_LIMIT_MS,
    retryStrategy: (tries: number) => Math.min(100 * 2 ** tries, 5000),
  }
  const warnings = await inspectRedis(url)
  // A producer tells its caller at once that Redis is away; a worker waits until it is back.
  const producer = {
    ...shared,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_LIMIT_MS,
  }
  const worker = { ...shared, maxRetriesPerRequest: null }
  return bindBull(createRedisBackend, { producer, worker }, warnings)
}

/** BullMQ's own minimum. */
const OLDEST_REDIS = [5, 0]

/** Reaches Redis for the first time, and looks whether it is fit to carry jobs. */
async function inspectRedis(url: string): Promise<string[]> {
  const { host } = new URL(url)
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null })
  // The rejection of `connect` says the same; without a listener the event would be printed.
  redis.on('error', () => {})
  let info: string
  try {
    const limit = `no answer within ${CONNECT_LIMIT_MS / 1000} s`
    await within(redis.connect(), CONNECT_LIMIT_MS, limit)
    info = await within(redis.info(), CONNECT_LIMIT_MS, limit)
  } catch (error) {
    throw new RedisUnreachableError(host, error as Error)
  } finally {
    redis.disconnect()
  }
  const version = redisField(info, 'redis_version')
  if (version !== undefined && isOlder(version, OLDEST_REDIS)) {
    const needed = OLDEST_REDIS.join('.')
    throw new UnfitRedisError(
      `Redis at ${host} is version ${version}; it must be ${needed} or newer.`,
    )
  }
  return redisWarnings(host, info)
}

/** What an operator should know. The store has the jobs: whatever Redis forgets is late, never lost. */
function redisWarnings(host: string, info: string): string[] {
  const warnings: string[] = []
  const policy = redisField(info, 'maxmemory_policy')
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(
      `Redis at ${host} has maxmemory-policy ${policy}: it may drop waiting jobs, which then start late. ` +
        'Set maxmemory-policy to noeviction.',
    )
  }
  if (redisField(info, 'aof_enabled') === '0') {
    warnings.push(
      `Redis at ${host} has no append-only file: after a restart waiting jobs start late. Set appendonly to yes.`,
    )
  }
  return warnings
}

function redisField(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]
}

function isOlder(version: string, [major, minor]: readonly number[]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number)
  return ownMajor < major || (ownMajor === major && ownMinor < minor)
}
