import type { PoolLike } from '../pool.js'

/** Rows changed in a table since it was last looked after, from which on it is worth the work. */
const CHANGED_ROWS = 1_000

/**
 * Frees the space of deleted rows and renews the planner's statistics, in the tables that have changed much: the
 * embedded database has no autovacuum. One short statement a table, so that others get their turn between.
 *
 * @returns the tables done, as `schema.table`
 */
export async function vacuumChangedTables(pool: PoolLike): Promise<string[]> {
  await pool.query('select pg_stat_force_next_flush()')
  const { rows } = await pool.query<{ name: string; qualified: string }>(
    `select schemaname || '.' || relname as name, format('%I.%I', schemaname, relname) as qualified
     from pg_stat_user_tables
     where greatest(n_dead_tup, n_mod_since_analyze) >= $1
     order by 1`,
    [CHANGED_ROWS],
  )
  for (const { qualified } of rows) await pool.query(`vacuum (analyze) ${qualified}`)
  return rows.map(({ name }) => name)
}
