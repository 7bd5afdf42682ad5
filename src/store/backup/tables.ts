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

const words = (text: string): string[] => text.trim().split(/\s+/)

const COMPLETE = `import_id in (select id from mixwright.imports where state = 'complete')`

/**
 * What dumps hold, in an order that references allow. Imports that have not come to their end are left out; a running
 * job is dumped as queued, so that its trial is taken up again. Files of the data folder are no part of a dump: neither
 * uploads and shards of corpora nor checkpoints. Requests that may be sent again are not either: they are of the hour.
 */
export const DUMP_TABLES: readonly DumpTable[] = [
  {
    name: 'api_keys',
    columns:
      words(`id name prefix hash scopes created_by rotated_from created_at expires_at revoked_at
      last_used_at`),
    key: ['id'],
    pageRows: 500,
  },
  {
    name: 'corpora',
    columns: words(
      'id owner name labels settings domains retention_days version created_at updated_at',
    ),
    key: ['id'],
    pageRows: 10,
  },
  {
    name: 'corpus_sources',
    columns: words(`id corpus_id domain kind path name format text_field bytes content_hash
      created_at`),
    key: ['id'],
    pageRows: 500,
  },
  {
    name: 'ingestions',
    columns: words('id corpus_id job_id settings source_ids manifest created_at finished_at'),
    key: ['id'],
    pageRows: 10,
  },
  {
    name: 'studies',
    columns: words(`id owner name labels problem problem_hash domain_set_version method params seed
      corpus_id ingestion_id trial_policy external_trials tried_version version created_at updated_at`),
    key: ['id'],
    pageRows: 200,
  },
  {
    name: 'imports',
    columns: words(`id study_id state role holdout fidelity format row_count warnings evaluations
      content_hash created_at completed_at`),
    key: ['id'],
    where: `state = 'complete'`,
    pageRows: 500,
  },
  {
    name: 'jobs',
    columns: words(`id kind study_id subject_id state progress problem attempts worker heartbeat_at
      cancel_requested_at version created_at started_at finished_at`),
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
    columns: words(`id study_id job_id method surrogate params seed fidelity import_ids trial_ids
      data_hash recommendation created_at finished_at`),
    key: ['id'],
    pageRows: 50,
  },
  {
    name: 'fit_models',
    columns: words('fit_id position metric surrogate model'),
    key: ['fit_id', 'position'],
    pageRows: 4,
  },
  {
    name: 'backtests',
    columns:
      words(`id study_id job_id problem settings import_ids trial_ids data_hash report created_at
      finished_at`),
    key: ['id'],
    pageRows: 10,
  },
  {
    name: 'backtest_runs',
    columns: words('backtest_id position fidelity rows'),
    key: ['backtest_id', 'position'],
    pageRows: 4,
  },
  {
    name: 'searches',
    columns:
      words(`id study_id purpose fidelity fidelities trials budget parallel seed state fit_id problem version
      created_at finished_at`),
    key: ['id'],
    pageRows: 500,
  },
  {
    name: 'trials',
    columns:
      words(`id uid study_id import_id evaluator search_id position role holdout fidelity run_id label
      reason weights seed replicate_of state job_id attempts problem stop_requested_at end_reason created_at
      finished_at`),
    key: ['id'],
    where: `(import_id is null or ${COMPLETE})`,
    pageRows: 1_000,
    identity: true,
  },
  {
    name: 'attempts',
    columns: words('id trial_id number state problem replicate_id started_at finished_at'),
    key: ['id'],
    pageRows: 1_000,
  },
  {
    name: 'leases',
    columns: words('id attempt_id holder expires_at released_at external'),
    key: ['id'],
    pageRows: 1_000,
  },
  {
    name: 'measurements',
    columns: words(
      'id trial_id attempt_id tokens values standard_errors details objective created_at',
    ),
    key: ['id'],
    where: `trial_id in (select id from mixwright.trials where import_id is null or ${COMPLETE})`,
    pageRows: 1_000,
    identity: true,
  },
  {
    name: 'study_events',
    columns: words('id study_id type data created_at'),
    key: ['id'],
    pageRows: 1_000,
    identity: true,
  },
]
