import { Pool, type PoolConfig, types } from 'pg'

/**
 * The pool that store and queue share: `pg`'s own, on a server's sockets or on the embedded database's. Both forms
 * read values by the same rule (`TYPE_PARSERS`) and look for unqualified names in `bullmq`, then `public`.
 */
export type PoolLike = Pool

/** int8 becomes a number when it is a safe integer and stays text otherwise; everything else as `pg` reads it. */
export const TYPE_PARSERS: NonNullable<PoolConfig['types']> = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === types.builtins.INT8 && format !== 'binary'
      ? parseInt8
      : types.getTypeParser(oid, format as 'text')) as typeof types.getTypeParser,
}

function parseInt8(text: string): number | string {
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : text
}

/**
 * A pool whose clients come back clean: one that is released inside a transaction, or while it still listens, is
 * closed (which rolls back and stops listening) instead of being handed to the next borrower.
 */
export function createPool(config: PoolConfig): PoolLike {
  const pool = new Pool({ keepAlive: true, ...config, types: TYPE_PARSERS })
  pool.on('release', (error, client) => {
    const status = client.getTransactionStatus()
    const isClean = status === 'I' && client.listenerCount('notification') === 0
    if (!error && !isClean) void client.end()
  })
  // A connection that breaks while it is borrowed or idle is reported by the next use; without a listener it would
  // end the process.
  pool.on('connect', (client) => client.on('error', ignore))
  pool.on('error', ignore)
  // Every queue object on the pool adds a listener of its own.
  pool.setMaxListeners(0)
  return pool
}

/** Ends the pool once its clients have been released, or after the grace, whichever comes first. */
export async function endPool(pool: PoolLike, graceMs: number): Promise<void> {
  if (pool.ending) return
  let timer: NodeJS.Timeout | undefined
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, graceMs)
  })
  await Promise.race([pool.end(), grace])
  clearTimeout(timer)
}

function ignore(): void {}
