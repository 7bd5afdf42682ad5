import { addExternalTrials, addProxies } from './upgrades.js'

/**
 * A dump is gzip over lines of JSON: a header; one `["table", row]` a row, tables in an order that references allow; a
 * trailer with the number of rows of each table and the SHA-256 of all lines before it. Columns keep the database's
 * names, and values the form that PostgreSQL's `row_to_json` gives them.
 */

export interface DumpHeader {
  format: 'mixwright-backup'
  version: number
  /** ISO 8601. */
  createdAt: string
  tables: string[]
}

export interface DumpTrailer {
  end: true
  rows: Record<string, number>
  /** Hexadecimal, over all lines before this one with their line feeds. */
  sha256: string
}

export type DumpRow = [table: string, row: Record<string, unknown>]

/** Turns a row of version n into rows of version n + 1. */
export type Upgrade = (row: DumpRow) => DumpRow[]

/** `UPGRADES[n - 1]` goes from version n to n + 1. A change of the tables that old dumps do not fit adds one. */
export const UPGRADES: readonly Upgrade[] = [addProxies, addExternalTrials]

/** Version of the dumps that this program writes. */
export const DUMP_VERSION = UPGRADES.length + 1

/** Brings a row of an older dump up to this version. */
export function upgradeRow(
  row: DumpRow,
  version: number,
  upgrades: readonly Upgrade[] = UPGRADES,
): DumpRow[] {
  return upgrades
    .slice(version - 1)
    .reduce<DumpRow[]>((rows, upgrade) => rows.flatMap(upgrade), [row])
}

/** Done and total rows of all tables together. */
export type BackupProgress = (progress: { table: string; done: number; total: number }) => void
