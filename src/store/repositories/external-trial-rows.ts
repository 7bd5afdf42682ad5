import { type RawBuilder, sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { LeasedTrial } from '../external-trial-contract.js'
import type {
  AttemptRecord,
  LeaseRecord,
  MeasurementRecord,
  StudyRecord,
  TrialRecord,
} from '../records.js'
import type { NewEvent } from '../trial-contract.js'
import { type TrialAction, transitionsBy } from '../trial-states.js'

/** A row as the functions of the database answer it: JSON of its columns, times as text. */
type JsonRow = Record<string, unknown>

/** A trial with what is in somebody's hands. */
export interface LeasedRow {
  trial: JsonRow
  attempt: JsonRow | null
  lease: JsonRow | null
}

/** The answer of a function that changes a trial; what it has no part in is null. */
interface AnswerRow extends Partial<LeasedRow> {
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
  const { outcome, trial: row, attempt, lease, last, same } = rows[0]
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

export function trialOf({ uid, role, holdout, run_id, import_id, ...row }: JsonRow): TrialRecord {
  return recordOf({ ...row, id: uid })
}

export function attemptOf(row: JsonRow, trial: JsonRow): AttemptRecord {
  return recordOf({ ...row, trial_id: trial.uid })
}

export function leaseOf({ external, ...row }: JsonRow): LeaseRecord {
  return recordOf(row)
}

function measurementOf({ id, objective, ...row }: JsonRow, trial: JsonRow): MeasurementRecord {
  return recordOf({ ...row, trial_id: trial.uid })
}

export function leasedTrialOf({ trial, attempt, lease }: LeasedRow): LeasedTrial {
  return { trial: trialOf(trial), attempt: attemptOf(attempt!, trial), lease: leaseOf(lease!) }
}

/** Columns become keys in camel case, and what ends in `_at` a date. */
function recordOf<T>(row: JsonRow): T {
  const entries = Object.entries(row).map(([column, value]) => [
    camelCase(column),
    column.endsWith('_at') && typeof value === 'string' ? new Date(value) : value,
  ])
  return Object.fromEntries(entries)
}

const camelCase = (column: string) =>
  column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

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
    select mixwright.append_trial_event(${studyId}, position, type, data)
    from rows from (json_to_recordset(${JSON.stringify(given)}::json)
      as (position integer, type text, data text)) with ordinality as given (position, type, data, place)
    order by place`.execute(tx)
}
