import { Client } from 'pg'
import { createPool, endPool, type PoolLike } from './pool.js'

/** A PostgreSQL server (13 or newer), as a pool of connections. */
export interface PostgresqlDatabase {
  readonly pool: PoolLike
  /** Where the server is, for people: without its password. */
  readonly location: string
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
  return { pool, location: locationOf(url), close: () => endPool(pool, 5_000) }
}

/**
 * The address without what must not be shown: a password may stand before the host, among the parameters or in the
 * environment. A socket's folder stands where `pg` takes it, too.
 */
export function locationOf(url: string): string {
  const { user, host, port, database } = new Client({ connectionString: url })
  if (host.startsWith('/')) return `postgresql://${user}@/${database}?host=${host}`
  return `postgresql://${user}@${host.includes(':') ? `[${host}]` : host}:${port}/${database}`
}

/** A server's default limit is 100 for all its clients; a worker's listeners keep a few for themselves. */
const MAX_CONNECTIONS = 20
