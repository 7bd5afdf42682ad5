import { type RawBuilder, sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { StudyRecord } from '../records.js'
import type { NewEvent } from '../trial-contract.js'
import { type TrialAction, transitionsBy } from '../trial-states.js'
import {
  attemptOf,
  type JsonRow,
  type LeasedRow,
  leaseOf,
  measurementOf,
  trialOf,
} from './trial-json.js'

/** The answer of a function that changes a trial; what it has no part in is null. */
export interface AnswerRow extends Partial<LeasedRow> {
  outcome: string
  last?: JsonRow | null
  same?: boolean | null
}

/** Calls a function that changes a trial; `Answer` is what the outcomes of that function look like. */
export async function callFor<Answer>(
  db: Database,
  trial: { studyId: string; trialId: string },
  call: RawBuilder<unknown>,
): Promise<Answer | { outcome: 'no-trial' }> {
  if (!isId(trial.studyId) || !isId(trial.trialId)) return { outcome: 'no-trial' }
  const { rows } = await sql<AnswerRow>`select * from ${call}`.execute(db)
  return answerOf(rows[0])
}

export function answerOf<Answer>({ outcome, ...rest }: AnswerRow): Answer {
  const { trial: row, attempt, lease, last, same } = rest
  return {
    outcome,
    ...(row && {
      trial: trialOf(row),
      ...(attempt && { attempt: attemptOf(attempt, row) }),
      ...(lease && { lease: leaseOf(lease) }),
      ...(last && { last: measurementOf(last, row) }),
      ...(typeof same === 'boolean' && { same }),
    }),
  } as Answer
}

/** The states that allow the action, with the next one of each, as the functions of the database take them. */
export const nextStates = (action: TrialAction) =>
  sql`${JSON.stringify(transitionsBy(action))}::jsonb`

/** Type and data of an event, as the functions of the database take them. */
export function eventArguments({ type, data }: NewEvent): RawBuilder<unknown> {
  return sql`${type}, ${JSON.stringify(data)}`
}

/** Keeps the study from being deleted, and its events in order, before the end of the transaction. */
export async function lockStudy(
  tx: Database,
  id: string,
): Promise<Pick<StudyRecord, 'externalTrials' | 'triedVersion' | 'trialPolicy'> | undefined> {
  return tx
    .selectFrom('studies')
    .select(['externalTrials', 'triedVersion', 'trialPolicy'])
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst()
}

/** Appends an event for each trial, in one statement; the study is locked. */
export async function appendTrialEvents(
  tx: Database,
  studyId: string,
  events: readonly { position: number; event: NewEvent }[],
): Promise<void> {
  if (events.length === 0) return
  const given = events.map(({ position, event: { type, data } }) => ({
    position,
    type,
    data: JSON.stringify(data),
  }))
  await sql`
    with appended as (
      insert into mixwright.study_events (study_id, type, data)
      select ${studyId}, type, mixwright.placed(data, position)
      from rows from (json_to_recordset(${JSON.stringify(given)}::json)
        as (position integer, type text, data text)) with ordinality as given (position, type, data, place)
      order by place
    )
    select pg_notify('mixwright_events', ${studyId})`.execute(tx)
}
