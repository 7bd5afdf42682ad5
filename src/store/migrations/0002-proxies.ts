import { type Kysely, type Migration, sql } from 'kysely'

/**
 * Corpora with their sources and ingestions, searches with their trials, attempts and leases, and events of studies.
 *
 * Trials of proxies live in the table of imported runs. There they have the role `train` and their own id as run id, so
 * that no imported run can pass for one of them.
 */
export const proxies: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
  },
}

const HASH = "~ '^[0-9a-f]{64}$'"
const IDENTITY = 'bigint generated always as identity primary key'
const CREATED = 'created_at timestamptz(3) not null default now()'
const VERSION = 'version integer not null default 1 check (version >= 1)'

const CORPORA = [
  `create table mixwright.corpora (
    id uuid primary key,
    owner text,
    name text not null,
    labels jsonb not null check (jsonb_typeof(labels) = 'object'),
    settings json not null,
    domains json not null check (json_typeof(domains) = 'array'),
    retention_days double precision check (retention_days >= 0),
    ${VERSION},
    ${CREATED},
    updated_at timestamptz(3) not null default now()
  )`,
  'create index corpora_by_retention on mixwright.corpora (updated_at) where retention_days is not null',

  `create table mixwright.corpus_sources (
    id uuid primary key,
    corpus_id uuid not null references mixwright.corpora on delete cascade,
    domain text not null,
    kind text not null check (kind in ('upload', 'path')),
    path text not null,
    name text not null,
    format text not null,
    text_field text not null,
    bytes bigint check (bytes >= 0),
    content_hash text check (content_hash ${HASH}),
    ${CREATED},
    check ((kind = 'upload') = (bytes is not null)),
    check ((kind = 'upload') = (content_hash is not null))
  )`,
  'create index corpus_sources_by_corpus on mixwright.corpus_sources (corpus_id, id)',

  `create table mixwright.ingestions (
    id uuid primary key,
    corpus_id uuid not null references mixwright.corpora on delete cascade,
    job_id uuid not null unique,
    settings json not null,
    source_ids uuid[] not null,
    manifest json,
    ${CREATED},
    finished_at timestamptz(3),
    check ((manifest is null) = (finished_at is null)),
    unique (corpus_id, id)
  )`,

  `alter table mixwright.studies
    add column corpus_id uuid,
    add column ingestion_id uuid,
    add check ((corpus_id is null) = (ingestion_id is null)),
    add constraint studies_corpus_fkey foreign key (corpus_id, ingestion_id)
      references mixwright.ingestions (corpus_id, id)`,
  `create index studies_by_corpus on mixwright.studies (corpus_id, ingestion_id, id)
    where corpus_id is not null`,
]

const JOBS = [
  // What a job was about outlives the job: its id stays, and answers that there is no such job any more.
  'alter table mixwright.fits drop constraint fits_job_id_fkey',
  `alter table mixwright.fits add column trial_ids uuid[] not null default '{}'`,
  'create index jobs_ended on mixwright.jobs (finished_at) where finished_at is not null',
]

const SEARCHES = [
  `create table mixwright.searches (
    id uuid primary key,
    study_id uuid not null references mixwright.studies on delete cascade,
    purpose text not null check (purpose in ('search', 'comparison')),
    fidelity text not null,
    trials integer not null check (trials >= 1),
    seed bigint not null,
    state text not null default 'running'
      check (state in ('running', 'fitting', 'finished', 'failed', 'cancelled')),
    fit_id uuid references mixwright.fits,
    problem json,
    ${VERSION},
    ${CREATED},
    finished_at timestamptz(3),
    check ((state in ('finished', 'failed', 'cancelled')) = (finished_at is not null)),
    check (state <> 'fitting' or fit_id is not null),
    check (purpose = 'search' or fit_id is null),
    check (state = 'failed' or problem is null)
  )`,
  'create index searches_by_study on mixwright.searches (study_id, id)',
  'create index searches_by_fit on mixwright.searches (fit_id)',
  `create unique index searches_one_unfinished on mixwright.searches (study_id)
    where state in ('running', 'fitting')`,
]

const TRIALS = [
  `alter table mixwright.trials
    add column uid uuid not null default gen_random_uuid() unique,
    add column search_id uuid references mixwright.searches on delete cascade,
    add column position integer check (position >= 0),
    add column label text not null default '',
    add column reason text not null default '',
    add column seed bigint,
    add column state text not null default 'completed'
      check (state in ('waiting', 'running', 'completed', 'failed', 'cancelled')),
    add column job_id uuid unique,
    add column attempts integer not null default 0 check (attempts >= 0),
    add column problem json,
    add column finished_at timestamptz(3),
    add unique (search_id, position),
    add check (num_nonnulls(import_id, search_id) <= 1),
    add check (num_nonnulls(search_id, position, seed, job_id) in (0, 4)),
    add check (search_id is not null or state = 'completed'),
    add check (search_id is null
      or (state in ('completed', 'failed', 'cancelled')) = (finished_at is not null)),
    add check (state = 'failed' or problem is null)`,
  'create index trials_of_searches on mixwright.trials (study_id, id) where search_id is not null',
  'create index trials_ended on mixwright.trials (finished_at) where finished_at is not null',

  `create table mixwright.attempts (
    id uuid primary key,
    trial_id bigint not null references mixwright.trials on delete cascade,
    number integer not null check (number >= 1),
    state text not null default 'running'
      check (state in ('running', 'completed', 'failed', 'interrupted', 'lost', 'cancelled')),
    problem json,
    started_at timestamptz(3) not null default now(),
    finished_at timestamptz(3),
    unique (trial_id, number),
    check ((state = 'running') = (finished_at is null))
  )`,
  `create unique index attempts_one_running on mixwright.attempts (trial_id) where state = 'running'`,

  `create table mixwright.leases (
    id uuid primary key,
    attempt_id uuid not null references mixwright.attempts on delete cascade,
    holder text not null,
    expires_at timestamptz(3) not null,
    released_at timestamptz(3)
  )`,
  'create index leases_by_attempt on mixwright.leases (attempt_id, id)',
  'create unique index leases_one_held on mixwright.leases (attempt_id) where released_at is null',

  `alter table mixwright.measurements
    add column attempt_id uuid references mixwright.attempts on delete cascade,
    add column standard_errors json,
    add column details json,
    add check (attempt_id is null or num_nonnulls(tokens, standard_errors, details) = 3)`,
  'create index measurements_by_attempt on mixwright.measurements (attempt_id) where attempt_id is not null',
  `create unique index measurements_once on mixwright.measurements (trial_id, tokens)
    where attempt_id is not null`,
]

const EVENTS = [
  `create table mixwright.study_events (
    id ${IDENTITY},
    study_id uuid not null references mixwright.studies on delete cascade,
    type text not null,
    data json not null,
    ${CREATED}
  )`,
  'create index study_events_by_study on mixwright.study_events (study_id, id)',
  'create index study_events_by_age on mixwright.study_events (created_at)',
]

const STATEMENTS = [...CORPORA, ...JOBS, ...SEARCHES, ...TRIALS, ...EVENTS]
