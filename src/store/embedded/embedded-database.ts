import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createPool, endPool, type PoolLike } from '../pool.js'
import { DatabaseHandle } from './database-handle.js'
import { acquireFolderLock, type FolderLock, type LockHolder } from './folder-lock.js'
import { checkFormatStamp, writeFormatStamp } from './format-stamp.js'
import { vacuumChangedTables } from './maintenance.js'

export interface EmbeddedDatabaseOptions {
  /** Milliseconds a client may leave a transaction open and idle while others wait. Default 30,000. */
  idleInTransactionTimeoutMs?: number
  /** Milliseconds that `close` waits for borrowed clients to be released. Default 5,000. */
  closeGraceMs?: number
  /** Milliseconds between looks for tables to vacuum. Default 300,000. */
  maintenanceIntervalMs?: number
  /** Told about clients that were disconnected. Default: `process.emitWarning`. */
  onWarning?: (message: string) => void
  /** Told once when the database has failed for good; every client is told, too. */
  onFailure?: (error: Error) => void
}

/** PostgreSQL in a thread of this process, its files in a folder. */
export interface EmbeddedDatabase {
  /** Behaves as a pool of connections to a server does; see SessionMultiplexer for what they share. */
  readonly pool: PoolLike
  readonly folder: string
  /** This process, as the folder's lock names it. */
  readonly holder: LockHolder
  /** Version of PostgreSQL, for example `18.6`. */
  readonly serverVersion: string
  /** Ends the pool and the database, then gives the folder free. Safe to call more than once. */
  close(): Promise<void>
}

/**
 * Opens the database in the folder, making it when it is new.
 *
 * An acknowledged transaction has been handed to the operating system: it survives the death of this process at any
 * moment. It is not flushed to the disk (PGlite never calls fsync), so a power cut may lose or damage what the
 * operating system had not yet written.
 *
 * @throws FolderInUseError when another process holds the folder
 * @throws FormatMismatchError when another version wrote the folder
 */
export async function openEmbeddedDatabase(
  folder: string,
  options: EmbeddedDatabaseOptions = {},
): Promise<EmbeddedDatabase> {
  await mkdir(folder, { recursive: true })
  let database: DatabaseHandle | undefined
  const lock = await acquireFolderLock(folder, {
    onLost: () => database?.kill(`the lock of ${folder} has been lost`),
  })
  try {
    await prepareFolder(folder)
    database = await DatabaseHandle.start(
      {
        folder: join(folder, FILES),
        idleInTransactionTimeoutMs: options.idleInTransactionTimeoutMs ?? 30_000,
      },
      { onWarning: options.onWarning ?? warn, onFailure: options.onFailure ?? ignoreFailure },
    )
    await finishFolder(folder)
    return new OpenDatabase(folder, lock, database, options)
  } catch (error) {
    await lock.release()
    throw error
  }
}

const FILES = 'postgresql'
const INITIALISING = 'INITIALISING'

/** Checks the stamp. What an initialisation cut short has left behind is removed: nothing was ever stored in it. */
async function prepareFolder(folder: string): Promise<void> {
  if (existsSync(join(folder, INITIALISING)))
    await rm(join(folder, FILES), { recursive: true, force: true })
  const isNew = !existsSync(join(folder, FILES))
  await checkFormatStamp(folder, isNew)
  if (isNew)
    await writeFile(join(folder, INITIALISING), 'The database in this folder is being made.\n')
}

async function finishFolder(folder: string): Promise<void> {
  await writeFormatStamp(folder)
  await rm(join(folder, INITIALISING), { force: true })
}

class OpenDatabase implements EmbeddedDatabase {
  readonly pool: PoolLike
  readonly folder: string
  readonly holder: LockHolder
  readonly serverVersion: string
  readonly #lock: FolderLock
  readonly #database: DatabaseHandle
  readonly #closeGraceMs: number
  readonly #maintenance: NodeJS.Timeout
  #closing: Promise<void> | undefined

  constructor(
    folder: string,
    lock: FolderLock,
    database: DatabaseHandle,
    options: EmbeddedDatabaseOptions,
  ) {
    this.folder = folder
    this.holder = lock.holder
    this.serverVersion = database.serverVersion
    this.#lock = lock
    this.#database = database
    this.#closeGraceMs = options.closeGraceMs ?? 5_000
    this.pool = createPool({
      stream: () => database.connect(),
      host: 'embedded',
      user: 'postgres',
      database: 'postgres',
      ssl: false,
      max: MAX_CLIENTS,
      idleTimeoutMillis: 0,
    })
    this.#maintenance = setInterval(
      () => vacuumChangedTables(this.pool).catch(ignoreFailure),
      options.maintenanceIntervalMs ?? 300_000,
    )
    this.#maintenance.unref()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    clearInterval(this.#maintenance)
    await endPool(this.pool, this.#closeGraceMs)
    try {
      await this.#database.shutDown()
    } finally {
      await this.#lock.release()
    }
  }
}

/** Connections cost a few objects each; every BullMQ worker and event reader keeps one for itself. */
const MAX_CLIENTS = 64

function warn(message: string): void {
  process.emitWarning(message, { code: 'MIXWRIGHT_DATABASE' })
}

/** A database that fails says so to everyone who uses it; maintenance need not repeat it. */
function ignoreFailure(): void {}
