import { type RawBuilder, sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { ExternalTrialRepository, TrialEvent } from '../external-trial-contract.js'
import type { TrialRecord } from '../records.js'
import { appendTrialEvents, lockStudy } from './external-trial-rows.js'
import { selectTrials } from './trial-rows.js'

/** Trials that expire in one transaction. */
const TRIALS_AT_ONCE = 500

/** The timer of leases, at the database's clock: those of workers on proxies have none. */
export function createExpiryMethods(db: Database): Pick<ExternalTrialRepository, 'expireDue'> {
  return {
    expireDue: async (event, studyId) => {
      if (studyId !== undefined && !isId(studyId)) return { expired: [], nextDueInMs: undefined }
      const { studies, nextDueInMs } = await lookForDue(db, studyId)
      if (studies.length === 0) return { expired: [], nextDueInMs }
      const expired: TrialRecord[] = []
      for (const study of studies)
        for (;;) {
          const page = await db.transaction().execute((tx) => expireTrials(tx, study, event))
          expired.push(...page)
          if (page.length < TRIALS_AT_ONCE) break
        }
      return { expired, nextDueInMs: (await lookForDue(db, studyId)).nextDueInMs }
    },
  }
}

async function lookForDue(
  db: Database,
  studyId: string | undefined,
): Promise<{ studies: string[]; nextDueInMs: number | undefined }> {
  const ofStudy = studyId === undefined ? sql`` : sql`and study_id = ${studyId}`
  // Found by their time, and looked up one by one: a study has few that are due, and may have very many trials.
  const held = (which: RawBuilder<unknown>) => sql`
    from (select attempt_id, expires_at from mixwright.leases
      where external and released_at is null ${which} order by expires_at offset 0) as held
    cross join lateral (select trial_id from mixwright.attempts where id = attempt_id offset 0) as own
    cross join lateral (select study_id from mixwright.trials where id = trial_id ${ofStudy} offset 0) as tried`
  const { rows } = await sql<{ studies: string[]; nextDueInMs: number | null }>`
    select
      array(select distinct study_id ${held(sql`and expires_at <= now()`)} order by 1) as studies,
      (select greatest(0, extract(epoch from expires_at - now()) * 1000)::double precision
        ${held(sql``)} order by expires_at limit 1) as next_due_in_ms`.execute(db)
  return { studies: rows[0].studies, nextDueInMs: rows[0].nextDueInMs ?? undefined }
}

/** A trial that somebody else has locked is being told about. */
async function expireTrials(
  tx: Database,
  studyId: string,
  event: TrialEvent,
): Promise<TrialRecord[]> {
  if (!(await lockStudy(tx, studyId))) return []
  const { rows } = await sql<{ id: number }>`
    select trials.id
    from mixwright.leases
    join mixwright.attempts on attempts.id = attempt_id
    join mixwright.trials on trials.id = trial_id
    where external and released_at is null and expires_at <= now() and study_id = ${studyId}
    order by trials.id limit ${TRIALS_AT_ONCE}
    for no key update of trials skip locked`.execute(tx)
  const ids = await expireLocked(
    tx,
    rows.map(({ id }) => id),
  )
  if (ids.length === 0) return []
  const expired = await selectTrials(tx).where('id', 'in', ids).orderBy('id').execute()
  const events = expired.map(({ id, state, position }) => ({
    position,
    event: event({ id, state, lateResultOf: null }),
  }))
  await appendTrialEvents(tx, studyId, events)
  return expired
}

/** Of the locked trials those whose lease is still due: it may have been renewed before the lock. */
async function expireLocked(tx: Database, ids: readonly number[]): Promise<number[]> {
  if (ids.length === 0) return []
  const { rows } = await sql<{ id: number }>`
    with released as (
      update mixwright.leases set released_at = clock_timestamp()
      from mixwright.attempts
      where attempts.id = attempt_id and trial_id = any(${[...ids]}::bigint[])
        and external and released_at is null and expires_at <= now()
      returning attempt_id
    ),
    lost as (
      update mixwright.attempts set state = 'lost', finished_at = clock_timestamp()
      from released where id = attempt_id
      returning trial_id
    )
    update mixwright.trials set state = 'expired',
      finished_at = case
        when attempts >= (trial_policy ->> 'maxAttempts')::integer then clock_timestamp()
      end
    from lost, mixwright.studies
    where trials.id = trial_id and studies.id = study_id
    returning trials.id`.execute(tx)
  return rows.map(({ id }) => id)
}
