import { type Kysely, type Migration, sql } from 'kysely'
import { HAND_OUT_FUNCTIONS } from './0003-hand-out-functions.js'
import { REPORT_BATCH } from './0003-report-batches.js'
import { REPORT_FUNCTIONS } from './0003-report-functions.js'

/** Trials that others run, API keys, and requests that may be sent twice. */
export const askAndTell: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
  },
}

const CREATED = 'created_at timestamptz(3) not null default now()'
const HASH = "~ '^[0-9a-f]{64}$'"

const STUDIES = [
  // Counted apart from `version`: a suggestion does not change what a study is.
  `alter table mixwright.studies
    add column trial_policy json not null
      default '{"leaseSeconds":3600,"maxAttempts":3,"maxTrials":null,"earlyStopping":null}',
    add column external_trials integer not null default 0 check (external_trials >= 0),
    add column tried_version integer not null default 0`,
  'alter table mixwright.imports add column evaluations json',
]

const ENDED_WELL = `'completed', 'completed-without-metrics', 'stopped'`

const TRIALS = [
  `alter table mixwright.trials
    add column evaluator text not null default 'table' check (evaluator in ('table', 'proxy', 'external')),
    add column replicate_of uuid,
    add column stop_requested_at timestamptz(3),
    add column end_reason text`,
  `update mixwright.trials set evaluator = 'proxy' where search_id is not null`,
  `alter table mixwright.trials
    drop constraint trials_check1,
    drop constraint trials_check2,
    drop constraint trials_check3,
    drop constraint trials_check4,
    drop constraint trials_state_check,
    add constraint trials_state_known check (state in ('waiting', 'running', ${ENDED_WELL},
      'failed', 'expired', 'abandoned', 'cancelled')),
    add constraint trials_of_proxies check (
      (evaluator = 'proxy') = (num_nonnulls(search_id, job_id) = 2)
      and num_nonnulls(search_id, job_id) in (0, 2)),
    add constraint trials_own_their_place check (
      (evaluator = 'table') = (num_nonnulls(position, seed) = 0) and num_nonnulls(position, seed) in (0, 2)),
    add constraint trials_of_tables check (evaluator <> 'table' or state = 'completed'),
    add constraint trials_of_proxies_states check (evaluator <> 'proxy'
      or state in ('waiting', 'running', 'completed', 'failed', 'cancelled')),
    add constraint trials_finished check (evaluator = 'table' or case
      when state in ('waiting', 'running') then finished_at is null
      when state = 'expired' or (evaluator = 'external' and state = 'failed') then true
      else finished_at is not null end),
    add constraint trials_with_problem check (state = 'failed' or problem is null)`,
  // Trials of others are in no search, job or import: their writing should not wait for these.
  `alter table mixwright.trials
    drop constraint trials_search_id_position_key,
    drop constraint trials_job_id_key`,
  `create unique index trials_place_in_search on mixwright.trials (search_id, position)
    where search_id is not null`,
  'create unique index trials_by_job on mixwright.trials (job_id) where job_id is not null',
  'drop index mixwright.trials_by_import',
  'create index trials_by_import on mixwright.trials (import_id, id) where import_id is not null',
  'drop index mixwright.trials_of_searches',
  `create index trials_by_study on mixwright.trials (study_id, id) where evaluator <> 'table'`,
  `create unique index trials_external_place on mixwright.trials (study_id, position)
    where evaluator = 'external'`,
  // What may be offered, and what a client may hold or get back.
  `create index trials_open on mixwright.trials (study_id, state, id)
    where evaluator = 'external' and (finished_at is null or state = 'expired')`,

  `alter table mixwright.attempts
    drop constraint attempts_state_check,
    add column replicate_id uuid,
    add constraint attempts_state_known check (state in
      ('running', 'completed', 'failed', 'interrupted', 'lost', 'cancelled', 'stopped', 'superseded'))`,

  // The leases of workers on proxies end with their jobs; those of clients have a clock.
  `alter table mixwright.leases
    add column external boolean not null default false`,
  `create index leases_due on mixwright.leases (expires_at) where external and released_at is null`,
  `create index leases_by_holder on mixwright.leases (holder) where external and released_at is null`,

  // Rules that stop trials early compare nothing else of many trials.
  'alter table mixwright.measurements add column objective double precision',
  'drop index mixwright.measurements_once',
  'drop index mixwright.measurements_by_attempt',
  `create unique index measurements_once on mixwright.measurements (attempt_id, tokens) include (objective)
    where attempt_id is not null`,
]

const KEYS = [
  `create table mixwright.api_keys (
    id uuid primary key,
    name text not null,
    prefix text not null unique,
    hash text not null unique check (hash ${HASH}),
    scopes text[] not null check (cardinality(scopes) > 0
      and scopes <@ array['read', 'write', 'run', 'admin']),
    created_by uuid,
    rotated_from uuid,
    ${CREATED},
    expires_at timestamptz(3),
    revoked_at timestamptz(3),
    last_used_at timestamptz(3)
  )`,
]

const IDEMPOTENCY = [
  `create table mixwright.idempotency_keys (
    scope text not null,
    key text not null,
    fingerprint text not null check (fingerprint ${HASH}),
    resource_id uuid not null,
    state text not null default 'running' check (state in ('running', 'answered')),
    locked_at timestamptz(3) not null default now(),
    status integer,
    headers json,
    body text,
    ${CREATED},
    primary key (scope, key),
    check ((state = 'answered') = (status is not null))
  )`,
  'create index idempotency_keys_by_age on mixwright.idempotency_keys (created_at)',
]

const STATEMENTS = [
  ...STUDIES,
  ...TRIALS,
  ...REPORT_FUNCTIONS,
  REPORT_BATCH,
  ...HAND_OUT_FUNCTIONS,
  ...KEYS,
  ...IDEMPOTENCY,
]
