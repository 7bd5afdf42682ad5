import { type Kysely, type Migration, sql } from 'kysely'

/** Backtests, with the runs of those that brought their own. */
export const backtests: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
  },
}

const STATEMENTS = [
  `create table mixwright.backtests (
    id uuid primary key,
    study_id uuid references mixwright.studies on delete cascade,
    job_id uuid not null unique,
    problem json not null,
    settings json not null,
    import_ids uuid[] not null,
    trial_ids uuid[] not null,
    data_hash text not null check (data_hash ~ '^[0-9a-f]{64}$'),
    report json,
    created_at timestamptz(3) not null default now(),
    finished_at timestamptz(3),
    check ((report is null) = (finished_at is null)),
    check (study_id is not null or cardinality(import_ids) + cardinality(trial_ids) = 0)
  )`,
  'create index backtests_by_study on mixwright.backtests (study_id, id)',

  // In pages as they travel, so that no row is taken apart that nobody looks for.
  `create table mixwright.backtest_runs (
    backtest_id uuid not null references mixwright.backtests on delete cascade,
    position integer not null check (position >= 0),
    fidelity text not null,
    rows json not null check (json_typeof(rows) = 'array'),
    primary key (backtest_id, position)
  )`,
]
