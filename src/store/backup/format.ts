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
export const UPGRADES: readonly Upgrade[] = []

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

export interface DumpTable {
  name: string
  columns: readonly string[]
  /** Orders the rows, and is unique. */
  key: readonly string[]
  /** Columns that are not dumped as they are stored: SQL. */
  computed?: Record<string, string>
  /** SQL condition on the rows that are dumped. */
  where?: string
  /** Rows read at once; fewer where rows are large. */
  pageRows: number
  /** Has an identity column `id`, whose sequence goes on after the largest. */
  identity?: boolean
}

const COMPLETE = `import_id in (select id from mixwright.imports where state = 'complete')`

/** What dumps hold. Imports that have not come to their end are left out; a running job is dumped as queued. */
export const DUMP_TABLES: readonly DumpTable[] = [
  {
    name: 'studies',
    columns: [
      'id',
      'owner',
      'name',
      'labels',
      'problem',
      'problem_hash',
      'domain_set_version',
      'method',
      'params',
      'seed',
      'version',
      'created_at',
      'updated_at',
    ],
    key: ['id'],
    pageRows: 200,
  },
  {
    name: 'imports',
    columns: [
      'id',
      'study_id',
      'state',
      'role',
      'holdout',
      'fidelity',
      'format',
      'row_count',
      'warnings',
      'content_hash',
      'created_at',
      'completed_at',
    ],
    key: ['id'],
    where: `state = 'complete'`,
    pageRows: 500,
  },
  {
    name: 'trials',
    columns: [
      'id',
      'study_id',
      'import_id',
      'role',
      'holdout',
      'fidelity',
      'run_id',
      'weights',
      'created_at',
    ],
    key: ['id'],
    where: `(import_id is null or ${COMPLETE})`,
    pageRows: 1_000,
    identity: true,
  },
  {
    name: 'measurements',
    columns: ['id', 'trial_id', 'tokens', 'values', 'created_at'],
    key: ['id'],
    where: `trial_id in (select id from mixwright.trials where import_id is null or ${COMPLETE})`,
    pageRows: 1_000,
    identity: true,
  },
  {
    name: 'jobs',
    columns: [
      'id',
      'kind',
      'study_id',
      'subject_id',
      'state',
      'progress',
      'problem',
      'attempts',
      'worker',
      'heartbeat_at',
      'cancel_requested_at',
      'version',
      'created_at',
      'started_at',
      'finished_at',
    ],
    computed: {
      state: `case state when 'running' then 'queued' else state end`,
      worker: 'null',
      heartbeat_at: 'null',
    },
    key: ['id'],
    pageRows: 500,
  },
  {
    name: 'fits',
    columns: [
      'id',
      'study_id',
      'job_id',
      'method',
      'surrogate',
      'params',
      'seed',
      'fidelity',
      'import_ids',
      'data_hash',
      'recommendation',
      'created_at',
      'finished_at',
    ],
    key: ['id'],
    pageRows: 50,
  },
  {
    name: 'fit_models',
    columns: ['fit_id', 'position', 'metric', 'surrogate', 'model'],
    key: ['fit_id', 'position'],
    pageRows: 4,
  },
]

/** Done and total rows of all tables together. */
export type BackupProgress = (progress: { table: string; done: number; total: number }) => void
