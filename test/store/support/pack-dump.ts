import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { problem } from './records.js'

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

const HASH = 'ab'.repeat(32)

/** A study, and an import that is complete, as every version up to 2 names their columns. */
export function studyWithImport(
  ids: Record<'study' | 'import', string>,
  study: Record<string, unknown>,
): OldRow[] {
  const common = {
    id: ids.study,
    owner: null,
    name: 'old',
    labels: {},
    problem,
    problem_hash: HASH,
    domain_set_version: 1,
    method: 'regmix',
    version: 1,
    created_at: THEN,
    updated_at: THEN,
  }
  const completed = {
    id: ids.import,
    study_id: ids.study,
    state: 'complete',
    role: 'train',
    holdout: '',
    fidelity: 'small',
    format: 'json',
    row_count: 1,
    warnings: [],
    content_hash: HASH,
    created_at: THEN,
    completed_at: THEN,
  }
  return [
    ['studies', { ...common, ...study }],
    ['imports', completed],
  ]
}
