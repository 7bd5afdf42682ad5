import { type Kysely, type Migration, type MigrationProvider, Migrator } from 'kysely'
import { SCHEMA } from '../tables.js'
import { initial } from './0001-initial.js'
import { proxies } from './0002-proxies.js'
import { askAndTell } from './0003-ask-and-tell.js'
import { backtests } from './0004-backtests.js'
import { adaptiveSearches } from './0005-adaptive-searches.js'

/** In the order in which they run. A migration that has been released is never changed. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-proxies': proxies,
  '0003-ask-and-tell': askAndTell,
  '0004-backtests': backtests,
  '0005-adaptive-searches': adaptiveSearches,
}

/** The database holds tables of a version of the program that is newer than this one. */
export class NewerDatabaseError extends Error {
  override readonly name = 'NewerDatabaseError'
}

/**
 * Brings the tables up to this version. Safe to call from several processes at once: on a server one migrates and the
 * others wait for it.
 *
 * @throws NewerDatabaseError
 */
export async function migrate<T>(db: Kysely<T>): Promise<void> {
  const provider: MigrationProvider = { getMigrations: async () => MIGRATIONS }
  const migrator = new Migrator({ db, provider, migrationTableSchema: SCHEMA })
  const { error } = await migrator.migrateToLatest()
  if (error === undefined) return
  if (error instanceof Error && /previously executed migration .* is missing/.test(error.message))
    throw new NewerDatabaseError(
      `The database was made by a newer version of Mixwright (${error.message}). Use that version, or a dump of it (mixwright backup) in a new database.`,
      { cause: error },
    )
  throw error
}
