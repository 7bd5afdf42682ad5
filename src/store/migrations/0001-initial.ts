import { type Kysely, type Migration, sql } from 'kysely'

/** Studies with their imported runs, fits and jobs. */
export const initial: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
  },
}

const HASH = "~ '^[0-9a-f]{64}$'"

const STATEMENTS = [
  `create table mixwright.studies (
    id uuid primary key,
    owner text,
    name text not null,
    labels jsonb not null check (jsonb_typeof(labels) = 'object'),
    problem json not null,
    problem_hash text not null check (problem_hash ${HASH}),
    domain_set_version integer not null default 1 check (domain_set_version >= 1),
    method text not null,
    params json not null,
    seed bigint not null,
    version integer not null default 1 check (version >= 1),
    created_at timestamptz(3) not null default now(),
    updated_at timestamptz(3) not null default now()
  )`,
  'create index studies_by_owner on mixwright.studies (owner, id)',
  'create index studies_by_label on mixwright.studies using gin (labels jsonb_path_ops)',

  `create table mixwright.imports (
    id uuid primary key,
    study_id uuid not null references mixwright.studies on delete cascade,
    state text not null default 'staging' check (state in ('staging', 'complete')),
    role text not null check (role in ('train', 'holdout')),
    holdout text not null check ((holdout = '') = (role = 'train')),
    fidelity text not null,
    format text not null,
    row_count integer not null default 0 check (row_count >= 0),
    warnings json not null,
    content_hash text not null check (content_hash ${HASH}),
    created_at timestamptz(3) not null default now(),
    completed_at timestamptz(3),
    check ((state = 'complete') = (completed_at is not null))
  )`,
  'create index imports_by_study on mixwright.imports (study_id, id)',
  "create index imports_staging on mixwright.imports (created_at) where state = 'staging'",

  `create table mixwright.trials (
    id bigint generated always as identity primary key,
    study_id uuid not null references mixwright.studies on delete cascade,
    import_id uuid references mixwright.imports on delete cascade,
    role text not null check (role in ('train', 'holdout')),
    holdout text not null,
    fidelity text not null,
    run_id text not null check (run_id <> ''),
    weights double precision[] not null check (cardinality(weights) > 0),
    created_at timestamptz(3) not null default now(),
    unique (study_id, role, holdout, fidelity, run_id)
  )`,
  'create index trials_by_import on mixwright.trials (import_id, id)',

  `create table mixwright.measurements (
    id bigint generated always as identity primary key,
    trial_id bigint not null references mixwright.trials on delete cascade,
    tokens double precision check (tokens >= 0),
    values json not null,
    created_at timestamptz(3) not null default now()
  )`,
  'create index measurements_by_trial on mixwright.measurements (trial_id)',
  `create function mixwright.refuse_update() returns trigger language plpgsql as $$
    begin
      raise exception 'measurements are append-only' using errcode = 'restrict_violation';
    end
  $$`,
  `create trigger measurements_are_append_only before update on mixwright.measurements
    for each statement execute function mixwright.refuse_update()`,

  `create table mixwright.jobs (
    id uuid primary key,
    kind text not null,
    study_id uuid references mixwright.studies on delete cascade,
    subject_id uuid not null,
    state text not null default 'queued'
      check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    progress json,
    problem json,
    attempts integer not null default 0 check (attempts >= 0),
    worker text,
    heartbeat_at timestamptz(3),
    cancel_requested_at timestamptz(3),
    version integer not null default 1 check (version >= 1),
    created_at timestamptz(3) not null default now(),
    started_at timestamptz(3),
    finished_at timestamptz(3),
    check ((state = 'running') = (worker is not null)),
    check ((state = 'running') = (heartbeat_at is not null)),
    check ((state in ('succeeded', 'failed', 'cancelled')) = (finished_at is not null))
  )`,
  'create index jobs_by_study on mixwright.jobs (study_id, id)',
  "create index jobs_unfinished on mixwright.jobs (id) where state in ('queued', 'running')",

  `create table mixwright.fits (
    id uuid primary key,
    study_id uuid not null references mixwright.studies on delete cascade,
    job_id uuid not null unique references mixwright.jobs on delete cascade,
    method text not null,
    surrogate text not null,
    params json not null,
    seed bigint not null,
    fidelity text not null,
    import_ids uuid[] not null,
    data_hash text not null check (data_hash ${HASH}),
    recommendation json,
    created_at timestamptz(3) not null default now(),
    finished_at timestamptz(3),
    check ((recommendation is null) = (finished_at is null))
  )`,
  'create index fits_by_study on mixwright.fits (study_id, id)',

  `create table mixwright.fit_models (
    fit_id uuid not null references mixwright.fits on delete cascade,
    position integer not null,
    metric text not null,
    surrogate text not null,
    model text not null,
    primary key (fit_id, position),
    unique (fit_id, metric, surrogate)
  )`,
]
