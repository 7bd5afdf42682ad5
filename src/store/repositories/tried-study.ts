import { sql } from 'kysely'
import type { Database } from '../database.js'
import type { TriedStudy } from '../trial-contract.js'

const IMPORTS = sql`
  select coalesce(json_agg(json_build_object('id', id, 'fidelity', fidelity) order by id), '[]')
  from mixwright.imports where study_id = studies.id and state = 'complete' and role = 'train'`

/** A policy that allows fewer attempts by now leaves trials unfinished that are never handed out again. */
const IS_OPEN = sql`(trials.state in ('waiting', 'running')
  or (trials.finished_at is null and attempts < (trial_policy ->> 'maxAttempts')::integer))`

const TRIALS = sql`
  select coalesce(json_agg(json_build_object(
      'id', uid, 'searchId', search_id, 'fidelity', trials.fidelity, 'state', trials.state,
      'isOpen', ${IS_OPEN},
      'weights', case when trials.state <> 'completed' then weights end) order by trials.id), '[]')
  from mixwright.trials left join mixwright.searches on searches.id = search_id
  where trials.study_id = studies.id and evaluator <> 'table' and purpose is distinct from 'comparison'`

/** Everything that was tried in a study, with its version, as of one moment. */
export async function readTriedStudy(
  db: Database,
  studyId: string,
): Promise<TriedStudy | undefined> {
  const { rows } = await sql<TriedStudy>`
    select external_trials, tried_version, (${IMPORTS}) as imports, (${TRIALS}) as trials
    from mixwright.studies where id = ${studyId}`.execute(db)
  return rows[0]
}
