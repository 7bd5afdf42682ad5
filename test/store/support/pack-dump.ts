import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'

/** A row of a dump: its table, and the columns as that version names them. */
export type OldRow = [table: string, row: Record<string, unknown>]

/** When everything in old dumps happened. */
export const THEN = '2026-01-02T03:04:05.678+00:00'

/** The rows as a dump of the version: header, one line a row, trailer with counts and check sum. */
export function packDump(version: number, rows: readonly OldRow[]): Buffer {
  const tables = [...new Set(rows.map(([table]) => table))]
  const header = { format: 'mixwright-backup', version, createdAt: THEN, tables }
  const text = [header, ...rows].map((line) => `${JSON.stringify(line)}\n`).join('')
  const counts = Object.fromEntries(
    tables.map((table) => [table, rows.filter(([name]) => name === table).length]),
  )
  const sha256 = createHash('sha256').update(text).digest('hex')
  return gzipSync(`${text}${JSON.stringify({ end: true, rows: counts, sha256 })}\n`)
}
