import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { type CompiledQuery, sql } from 'kysely'
import { DatabaseError } from 'pg'
import { createDatabase, type Database } from '../database.js'
import type { PoolLike } from '../pool.js'
import { dumpLinesOf } from './dump-lines.js'
import {
  type BackupProgress,
  DUMP_VERSION,
  type DumpHeader,
  type DumpTrailer,
  upgradeRow,
} from './format.js'
import { DUMP_TABLES, type DumpTable } from './tables.js'

/** The dump is cut short, altered, or none at all; nothing of it was stored. */
export class BackupInvalidError extends Error {
  override readonly name = 'BackupInvalidError'
}

/** A dump is only loaded into a store that holds nothing. */
export class StoreNotEmptyError extends Error {
  override readonly name = 'StoreNotEmptyError'

  constructor(table: string) {
    super(
      `The store already holds ${table}; a dump is only restored into an empty one. Give a new data folder or database.`,
    )
  }
}

/**
 * Loads a dump of this or an older version, all of it or nothing, in constant memory.
 *
 * @returns number of rows of the dump, by table
 * @throws BackupInvalidError, StoreNotEmptyError
 */
export async function restoreBackup(
  store: { pool: PoolLike },
  input: Readable,
  onProgress?: BackupProgress,
): Promise<Record<string, number>> {
  return createDatabase(store.pool)
    .transaction()
    .execute(async (tx) => {
      await refuseUnlessEmpty(tx)
      const rows = await new Restore(tx, onProgress).run(input)
      await continueSequences(tx)
      return rows
    })
}

async function refuseUnlessEmpty(tx: Database): Promise<void> {
  const names = DUMP_TABLES.map(({ name }) => `mixwright.${name}`).join(', ')
  await sql`lock table ${sql.raw(names)} in share row exclusive mode`.execute(tx)
  for (const { name } of DUMP_TABLES) {
    const { rows } = await sql<{ some: boolean }>`
      select exists (select from ${sql.id('mixwright', name)}) as some`.execute(tx)
    if (rows[0].some) throw new StoreNotEmptyError(name)
  }
}

async function continueSequences(tx: Database): Promise<void> {
  for (const { name, identity } of DUMP_TABLES)
    if (identity)
      await sql`select setval(pg_get_serial_sequence(${`mixwright.${name}`}, 'id'), max(id))
        from ${sql.id('mixwright', name)} having max(id) is not null`.execute(tx)
}

const MOST_ROWS = 1_000
const MOST_CHARACTERS = 1_000_000

class Restore {
  readonly #tx: Database
  readonly #onProgress: BackupProgress | undefined
  readonly #hash = createHash('sha256')
  readonly #counts: Record<string, number> = {}
  #version = 0
  #done = 0
  #table: DumpTable | undefined
  #batch: string[] = []
  #batchCharacters = 0

  constructor(tx: Database, onProgress?: BackupProgress) {
    this.#tx = tx
    this.#onProgress = onProgress
  }

  async run(input: Readable): Promise<Record<string, number>> {
    for await (const line of dumpLinesOf(input, (reason) => new BackupInvalidError(reason))) {
      if (this.#version === 0) this.#readHeader(line)
      else if (line.startsWith('[')) await this.#readRow(line)
      else {
        await this.#flush()
        return this.#checkTrailer(line)
      }
      this.#hash.update(line).update('\n')
    }
    throw new BackupInvalidError('The dump is cut short: its end is missing. Nothing was restored.')
  }

  #readHeader(line: string): void {
    const header: Partial<DumpHeader> | undefined = parseLine(line)
    const { format, version } = header ?? {}
    if (format !== 'mixwright-backup' || typeof version !== 'number' || version < 1)
      throw new BackupInvalidError('This is not a dump of Mixwright.')
    if (version > DUMP_VERSION)
      throw new BackupInvalidError(
        `The dump has version ${version}, this program reads up to ${DUMP_VERSION}: restore it with the version of Mixwright that wrote it, or a newer one.`,
      )
    this.#version = version
  }

  async #readRow(line: string): Promise<void> {
    const dumped = line.slice(2, line.indexOf('"', 2))
    this.#counts[dumped] = (this.#counts[dumped] ?? 0) + 1
    this.#done += 1
    if (this.#version === DUMP_VERSION)
      await this.#add(dumped, line.slice(dumped.length + 4, line.lastIndexOf(']')))
    else
      for (const [table, row] of upgradeRow(parseLine(line) ?? [dumped, {}], this.#version))
        await this.#add(table, JSON.stringify(row))
  }

  async #add(name: string, row: string): Promise<void> {
    if (this.#table?.name !== name) {
      await this.#flush()
      this.#table = DUMP_TABLES.find((table) => table.name === name)
      if (!this.#table)
        throw new BackupInvalidError(`The dump holds rows of an unknown table, ${name}.`)
    }
    this.#batch.push(row)
    this.#batchCharacters += row.length
    if (this.#batch.length >= MOST_ROWS || this.#batchCharacters >= MOST_CHARACTERS)
      await this.#flush()
  }

  async #flush(): Promise<void> {
    if (!this.#table || this.#batch.length === 0) return
    const { name } = this.#table
    try {
      await this.#tx.executeQuery(insertion(this.#tx, this.#table, `[${this.#batch.join(',')}]`))
    } catch (cause) {
      if (!(cause instanceof DatabaseError)) throw cause
      throw new BackupInvalidError(
        `Rows of ${name} do not fit: ${cause.message}. Nothing was restored.`,
        { cause },
      )
    }
    this.#batch = []
    this.#batchCharacters = 0
    this.#onProgress?.({ table: name, done: this.#done, total: this.#done })
  }

  #checkTrailer(line: string): Record<string, number> {
    const trailer: Partial<DumpTrailer> | undefined = parseLine(line)
    const expected = trailer?.rows ?? {}
    const sameCounts = Object.keys({ ...expected, ...this.#counts }).every(
      (table) => (expected[table] ?? 0) === (this.#counts[table] ?? 0),
    )
    if (trailer?.end !== true || !sameCounts || trailer.sha256 !== this.#hash.digest('hex'))
      throw new BackupInvalidError(
        'The dump is damaged: its content does not match its check sum. Nothing was restored.',
      )
    return expected
  }
}

function insertion(tx: Database, { name, columns }: DumpTable, rowsJson: string): CompiledQuery {
  const list = sql.join(columns.map((column) => sql.id(column)))
  const table = sql.id('mixwright', name)
  return sql`insert into ${table} (${list}) overriding system value
    select ${list} from json_populate_recordset(null::${table}, ${rowsJson}::json)`.compile(tx)
}

function parseLine<T>(line: string): T | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
