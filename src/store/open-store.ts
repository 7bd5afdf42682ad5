import { createDatabase } from './database.js'
import { openEmbeddedDatabase } from './embedded/index.js'
import { EventChannel } from './event-channel.js'
import { migrate } from './migrations/index.js'
import type { PoolLike } from './pool.js'
import { openPostgresql } from './postgresql.js'
import { createApiKeyRepository } from './repositories/api-key-repository.js'
import { createBacktestRepository } from './repositories/backtest-repository.js'
import { createCorpusRepository } from './repositories/corpus-repository.js'
import { createEventRepository } from './repositories/event-repository.js'
import { createExternalTrialRepository } from './repositories/external-trial-repository.js'
import { createFitRepository } from './repositories/fit-repository.js'
import { createIdempotencyRepository } from './repositories/idempotency-repository.js'
import { createImportRepository } from './repositories/import-repository.js'
import { createJobRepository } from './repositories/job-repository.js'
import { createSearchRepository } from './repositories/search-repository.js'
import { createStatisticsRepository } from './repositories/statistics-repository.js'
import { createStudyRepository } from './repositories/study-repository.js'
import { createTrialRepository } from './repositories/trial-repository.js'
import type { Store } from './store.js'

export interface StoreOptions {
  /** A PostgreSQL server. Takes precedence over the folder. */
  databaseUrl?: string
  /** Folder of the embedded database. */
  dataFolder?: string
  /** Told about clients of the embedded database that were disconnected. Default: `process.emitWarning`. */
  onWarning?: (message: string) => void
  /** Told once when the embedded database has failed for good: the process had better end and be started again. */
  onFailure?: (error: Error) => void
}

/** A store together with the connections it uses, which the queue shares. */
export interface OpenStore extends Store {
  readonly pool: PoolLike
  /** Where the data are, for people: a folder, or a server without its password. */
  readonly location: string
}

/**
 * Opens the store and brings its tables up to date.
 *
 * @throws FolderInUseError, FormatMismatchError, NewerDatabaseError, or what the server's connection throws
 */
export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const { kind, location, pool, close } = await openDatabase(options)
  try {
    const db = createDatabase(pool)
    await migrate(db)
    const imports = createImportRepository(db)
    const idempotency = createIdempotencyRepository(db)
    // Nobody else can be writing to the embedded database: what is under way was left behind by a process that died.
    if (kind === 'embedded') {
      await imports.discardStagingBefore(new Date())
      await idempotency.releaseAll()
    }
    const channel = new EventChannel(pool)
    return {
      kind,
      location,
      pool,
      studies: createStudyRepository(db),
      imports,
      fits: createFitRepository(db),
      backtests: createBacktestRepository(db),
      jobs: createJobRepository(db),
      corpora: createCorpusRepository(db),
      searches: createSearchRepository(db),
      trials: createTrialRepository(db),
      externalTrials: createExternalTrialRepository(db),
      events: createEventRepository(db, channel),
      statistics: createStatisticsRepository(db),
      idempotency,
      apiKeys: createApiKeyRepository(db),
      ping: () => ping(pool),
      close: () => {
        channel.close()
        return close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Opened {
  kind: Store['kind']
  location: string
  pool: PoolLike
  close(): Promise<void>
}

async function openDatabase(options: StoreOptions): Promise<Opened> {
  const { databaseUrl, dataFolder, onWarning, onFailure } = options
  if (databaseUrl !== undefined) {
    const { pool, location, close } = await openPostgresql(databaseUrl)
    return { kind: 'postgresql', location, pool, close }
  }
  if (dataFolder === undefined) throw new TypeError('either databaseUrl or dataFolder is needed')
  const database = await openEmbeddedDatabase(dataFolder, { onWarning, onFailure })
  return {
    kind: 'embedded',
    location: dataFolder,
    pool: database.pool,
    close: () => database.close(),
  }
}

const PING_TIMEOUT_MS = 5_000

async function ping(pool: PoolLike): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    const error = new Error(`the database has not answered within ${PING_TIMEOUT_MS} ms`)
    timer = setTimeout(() => reject(error), PING_TIMEOUT_MS)
  })
  try {
    await Promise.race([pool.query('select 1'), timeout])
  } finally {
    clearTimeout(timer)
  }
}
