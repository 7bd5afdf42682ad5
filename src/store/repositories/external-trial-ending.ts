import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { ExternalTrialRepository } from '../external-trial-contract.js'
import type { StudyRecord, TrialState } from '../records.js'
import { transitionsBy } from '../trial-states.js'
import {
  appendTrialEvents,
  callFor,
  eventArguments,
  lockStudy,
  nextStates,
} from './external-trial-rows.js'
import { NOW } from './job-changes.js'
import { selectTrials } from './trial-rows.js'

type EndingMethods = 'abandon' | 'requestStop' | 'cancelAll'

const CANCELLABLE = Object.keys(transitionsBy('cancel')) as TrialState[]

/** How trials are ended, or asked to end, by others than their clients. */
export function createEndingMethods(db: Database): Pick<ExternalTrialRepository, EndingMethods> {
  return {
    abandon: (studyId, trialId, reason, event) => {
      const told = eventArguments(event({ id: trialId, state: 'abandoned', lateResultOf: null }))
      const call = sql`mixwright.abandon_trial(${studyId}, ${trialId}, ${nextStates('abandon')}, ${reason}, ${told})`
      return callFor(db, { studyId, trialId }, call)
    },

    requestStop: async (trialId, reason, event) => {
      if (!isId(trialId)) return false
      const { rows } = await sql<{ asked: boolean }>`
        select mixwright.request_stop(${trialId}, ${reason}, ${eventArguments(event)}) as asked`.execute(
        db,
      )
      return rows[0].asked
    },

    cancelAll: async (studyId, event) => {
      if (!isId(studyId)) return []
      return db.transaction().execute(async (tx) => {
        const study = await lockStudy(tx, studyId)
        if (!study) return []
        await closeStudy(tx, studyId, study)
        const ids = await cancelTrials(tx, studyId)
        if (ids.length === 0) return []
        const cancelled = await selectTrials(tx).where('id', 'in', ids).orderBy('id').execute()
        const events = cancelled.map(({ id, state, position }) => ({
          position,
          event: event({ id, state, lateResultOf: null }),
        }))
        await appendTrialEvents(tx, studyId, events)
        return cancelled
      })
    },
  }
}

/** No further trials; and mixtures that are cancelled may be tried again. */
async function closeStudy(
  tx: Database,
  studyId: string,
  { externalTrials, trialPolicy }: Pick<StudyRecord, 'externalTrials' | 'trialPolicy'>,
): Promise<void> {
  const { maxTrials } = trialPolicy
  const isClosed = maxTrials !== null && maxTrials <= externalTrials
  await tx
    .updateTable('studies')
    .set({
      triedVersion: sql<number>`tried_version + 1`,
      ...(!isClosed && {
        trialPolicy: JSON.stringify({ ...trialPolicy, maxTrials: externalTrials }),
        version: sql<number>`version + 1`,
        updatedAt: NOW,
      }),
    })
    .where('id', '=', studyId)
    .execute()
}

/** Cancels the trials that are not finished and whose state allows it, with their attempts; their rows' ids. */
async function cancelTrials(tx: Database, studyId: string): Promise<number[]> {
  const open = await tx
    .selectFrom('trials')
    .select('id')
    .where('studyId', '=', studyId)
    .where('evaluator', '=', 'external')
    .where('finishedAt', 'is', null)
    .where('state', 'in', CANCELLABLE)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  const ids = open.map(({ id }) => id)
  if (ids.length === 0) return []
  await sql`
    with closed as (
      update mixwright.attempts set state = 'cancelled', finished_at = clock_timestamp()
      where trial_id = any(${ids}::bigint[]) and state = 'running'
      returning id
    ),
    released as (
      update mixwright.leases set released_at = clock_timestamp()
      from closed where attempt_id = closed.id and released_at is null
    )
    update mixwright.trials
    set state = 'cancelled', problem = null, end_reason = null, finished_at = clock_timestamp()
    where id = any(${ids}::bigint[])`.execute(tx)
  return ids
}
