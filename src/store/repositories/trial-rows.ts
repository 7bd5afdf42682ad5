import { type NotNull, sql } from 'kysely'
import type { Database } from '../database.js'
import type { TrialRecord } from '../records.js'
import type { NewTrial } from '../trial-contract.js'

/** SQL over trials of proxies. Many at once travel as JSON text, as the rows of imports do. */

/** Trials of proxies and of others, as the outside sees them. */
export const selectTrials = (db: Database) =>
  db
    .selectFrom('trials')
    .select([
      'uid as id',
      'studyId',
      'evaluator',
      'searchId',
      'position',
      'fidelity',
      'label',
      'reason',
      'weights',
      'seed',
      'replicateOf',
      'state',
      'jobId',
      'attempts',
      'problem',
      'stopRequestedAt',
      'endReason',
      'createdAt',
      'finishedAt',
    ])
    .where('evaluator', '<>', 'table')
    .$narrowType<{ evaluator: TrialRecord['evaluator']; position: NotNull; seed: NotNull }>()

/** A trial of a proxy in the hands of a transaction, until its end. */
export interface LockedTrial {
  /** The row's, not the one that the outside knows. */
  id: number
  state: TrialRecord['state']
  jobId: string
  attempts: number
}

/** Nobody else changes the trial, its attempts or its leases before the end of the transaction. */
export function lockTrial(tx: Database, uid: string): Promise<LockedTrial | undefined> {
  return tx
    .selectFrom('trials')
    .select(['id', 'state', 'jobId', 'attempts'])
    .where('uid', '=', uid)
    .where('searchId', 'is not', null)
    .$narrowType<{ jobId: NotNull }>()
    .forNoKeyUpdate()
    .executeTakeFirst()
}

/** Trials with their queued jobs, in one statement. */
export async function insertTrials(
  tx: Database,
  search: { id: string; studyId: string },
  trials: readonly NewTrial[],
): Promise<void> {
  await sql`
    with given as materialized (
      select * from json_to_recordset(${JSON.stringify(trials)}::json) as given (
        id uuid, "jobId" uuid, position integer, fidelity text, label text, reason text,
        weights double precision[], seed bigint)
    ),
    queued as (
      insert into mixwright.jobs (id, kind, study_id, subject_id)
      select "jobId", 'trial', ${search.studyId}, id from given
    )
    insert into mixwright.trials (uid, study_id, evaluator, search_id, position, role, holdout, fidelity, run_id,
      label, reason, weights, seed, state, job_id)
    select id, ${search.studyId}, 'proxy', ${search.id}, position, 'train', '', fidelity, id::text,
      label, reason, weights, seed, 'waiting', "jobId"
    from given order by position`.execute(tx)
}

/**
 * Ends those of the locked trials whose job has failed or been cancelled: as the job did, with its problem. An attempt
 * that was left open is lost. Returns how many.
 */
export async function settleTrials(tx: Database, ids: readonly number[]): Promise<number> {
  const { rows } = await sql`
    with settled as (
      update mixwright.trials set
        state = jobs.state,
        problem = case jobs.state when 'failed' then jobs.problem end,
        finished_at = now()
      from mixwright.jobs
      where trials.id = any(${[...ids]}::bigint[]) and trials.state in ('waiting', 'running')
        and jobs.id = trials.job_id and jobs.state in ('failed', 'cancelled')
      returning trials.id
    ),
    lost as (
      update mixwright.attempts set state = 'lost', finished_at = now()
      from settled where trial_id = settled.id and state = 'running'
      returning attempts.id
    ),
    released as (
      update mixwright.leases set released_at = now()
      from lost where attempt_id = lost.id and released_at is null
    )
    select id from settled`.execute(tx)
  return rows.length
}

/** Pages of completed trials with their last measurement, in the order of the ids, as JSON text. */
export async function* readTrialPages(
  db: Database,
  uids: readonly string[],
  pageRows: number,
): AsyncGenerator<string, void, undefined> {
  for (let start = 0; start < uids.length; start += pageRows) {
    const page = uids.slice(start, start + pageRows)
    const { rows } = await sql<{ text: string | null }>`
      select json_agg(json_build_object('runId', trials.uid, 'weights', weights,
        'values', last.values, 'standardErrors', last.standard_errors, 'tokens', last.tokens,
        'seconds', last.seconds) order by place)::text as text
      from unnest(${page}::uuid[]) with ordinality as given (uid, place)
      join mixwright.trials on trials.uid = given.uid
      join lateral (
        select values, standard_errors, tokens,
          nullif(extract(epoch from finished_at - started_at), 0)::double precision as seconds
        from mixwright.measurements
        join mixwright.attempts on attempts.id = attempt_id
        where measurements.trial_id = trials.id
        order by attempts.state = 'completed' desc, attempts.number desc, tokens desc limit 1
      ) as last on true
      where evaluator <> 'table' and trials.state = 'completed'`.execute(db)
    const [{ text }] = rows
    if (text !== null) yield text
  }
}
