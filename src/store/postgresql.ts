import { createPool, endPool, type PoolLike } from './pool.js'

/** A PostgreSQL server (13 or newer), as a pool of connections. */
export interface PostgresqlDatabase {
  readonly pool: PoolLike
  close(): Promise<void>
}

/**
 * Connects to a server.
 * @param url connection string, `postgresql://user:password@host:port/database`
 * @throws when the server does not answer or refuses
 */
export async function openPostgresql(url: string): Promise<PostgresqlDatabase> {
  const pool = createPool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: 10_000,
    options: '-c search_path=bullmq,public',
    application_name: 'mixwright',
  })
  try {
    await pool.query('select 1')
  } catch (error) {
    await pool.end()
    throw error
  }
  return { pool, close: () => endPool(pool, 5_000) }
}

/** A server's default limit is 100 for all its clients; a worker's listeners keep a few for themselves. */
const MAX_CONNECTIONS = 20
