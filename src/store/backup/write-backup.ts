import { createHash } from 'node:crypto'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { sql } from 'kysely'
import { createDatabase, type Database } from '../database.js'
import type { PoolLike } from '../pool.js'
import { type BackupProgress, DUMP_VERSION, type DumpHeader, type DumpTrailer } from './format.js'
import { DUMP_TABLES, type DumpTable } from './tables.js'

/**
 * Writes a dump of the whole store: one consistent state, in constant memory. Ends the stream. On the embedded database
 * everybody else waits until it is done. Files of the data folder are no part of it: a corpus is restored without its
 * uploads and shards, and trials are trained from their beginning.
 * @returns number of rows written, by table
 */
export async function writeBackup(
  store: { pool: PoolLike },
  output: Writable,
  onProgress?: BackupProgress,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  // The pipeline looks after the output from the start: a file may fail before the first line is there.
  await pipeline(snapshotLines(store.pool, counts, onProgress), createGzip(), output)
  return counts
}

async function* snapshotLines(
  pool: PoolLike,
  counts: Record<string, number>,
  onProgress?: BackupProgress,
): AsyncGenerator<string, void, undefined> {
  const tx = await createDatabase(pool)
    .startTransaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute()
  try {
    yield* dumpLines(tx, counts, onProgress)
  } finally {
    await tx.rollback().execute()
  }
}

async function* dumpLines(
  tx: Database,
  counts: Record<string, number>,
  onProgress?: BackupProgress,
): AsyncGenerator<string, void, undefined> {
  const hash = createHash('sha256')
  const hashed = (text: string) => {
    hash.update(text)
    return text
  }
  const total = await countRows(tx)
  let done = 0
  yield hashed(`${JSON.stringify(header())}\n`)
  for (const table of DUMP_TABLES) {
    counts[table.name] = 0
    for await (const lines of tablePages(tx, table)) {
      yield hashed(lines.map((line) => `${line}\n`).join(''))
      counts[table.name] += lines.length
      done += lines.length
      onProgress?.({ table: table.name, done, total })
    }
  }
  const trailer: DumpTrailer = { end: true, rows: counts, sha256: hash.digest('hex') }
  yield `${JSON.stringify(trailer)}\n`
}

function header(): DumpHeader {
  return {
    format: 'mixwright-backup',
    version: DUMP_VERSION,
    createdAt: new Date().toISOString(),
    tables: DUMP_TABLES.map(({ name }) => name),
  }
}

async function countRows(tx: Database): Promise<number> {
  const counts = DUMP_TABLES.map(
    ({ name, where }) => `(select count(*) from mixwright.${name} where ${where ?? true})`,
  )
  const { rows } = await sql<{
    total: number
  }>`select ${sql.raw(counts.join(' + '))} as total`.execute(tx)
  return rows[0].total
}

/** The rows as lines of JSON, in the order of the key. */
async function* tablePages(
  tx: Database,
  table: DumpTable,
): AsyncGenerator<string[], void, undefined> {
  let after: string[] | undefined
  for (;;) {
    const page: { line: string; key: string[] }[] = await readPage(tx, table, after)
    if (page.length > 0) yield page.map(({ line }) => line)
    if (page.length < table.pageRows) return
    after = page.at(-1)?.key
  }
}

async function readPage(
  tx: Database,
  { name, columns, key, computed, where, pageRows }: DumpTable,
  after: string[] | undefined,
): Promise<{ line: string; key: string[] }[]> {
  const selected = columns.map(
    (column) => `${computed?.[column] ?? quote(column)} as ${quote(column)}`,
  )
  const keys = key.map((column) => `t.${quote(column)}`).join(', ')
  const beyond = after === undefined ? sql`true` : sql`(${sql.raw(keys)}) > (${sql.join(after)})`
  // A line feed in JSON text outside strings is white space; within strings it is escaped.
  const { rows } = await sql<{ line: string; key: string[] }>`
    select '["' || ${sql.lit(name)} || '",' || translate(row_to_json(page.*)::text, E'\\n\\r', '  ') || ']' as line,
      array[${sql.raw(key.map((column) => `page.${quote(column)}::text`).join(', '))}] as key
    from (
      select ${sql.raw(selected.join(', '))}
      from ${sql.id('mixwright', name)} as t
      where ${sql.raw(where ?? 'true')} and ${beyond}
      order by ${sql.raw(keys)} limit ${pageRows}
    ) as page`.execute(tx)
  return rows
}

function quote(column: string): string {
  return `"${column}"`
}
