import { sql } from 'kysely'
import { v7 as uuid } from 'uuid'
import { type Database, isId } from '../database.js'
import type { AttemptState, MeasurementRecord } from '../records.js'
import type { TrialRepository } from '../trial-contract.js'
import { ended, NOW, QUEUED_AGAIN, succeedJob, updateHeldJob } from './job-changes.js'
import { type LockedTrial, lockTrial } from './trial-rows.js'

type AttemptMethods = 'beginAttempt' | 'renewLease' | 'measure' | 'complete' | 'endAttempt'

/** The part of the trials that workers drive. Whoever changes an attempt locks its trial first, then the job. */
export function createAttemptRepository(db: Database): Pick<TrialRepository, AttemptMethods> {
  return {
    beginAttempt: async (trialId, worker, leaseExpiresAt) => {
      if (!isId(trialId)) return undefined
      return db.transaction().execute(async (tx) => {
        const trial = await lockTrial(tx, trialId)
        if (!trial || (trial.state !== 'waiting' && trial.state !== 'running')) return undefined
        if (!(await lockHeldJob(tx, trial.jobId, worker))) return undefined
        await loseOpenAttempt(tx, trial)
        const attempt = await openAttempt(tx, trial, worker, leaseExpiresAt)
        return { ...attempt, trialId }
      })
    },

    renewLease: async (attemptId, worker, expiresAt) => {
      if (!isId(attemptId)) return false
      const { numUpdatedRows } = await db
        .updateTable('leases')
        .set({ expiresAt })
        .where('attemptId', '=', attemptId)
        .where('holder', '=', worker)
        .where('releasedAt', 'is', null)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    measure: async (measurement) => {
      const { trialId, attemptId } = measurement
      if (!isId(trialId) || !isId(attemptId)) return false
      return db.transaction().execute(async (tx) => {
        const trial = await lockTrial(tx, trialId)
        if (!trial || !(await isOpen(tx, trial, attemptId))) return false
        return insertMeasurement(tx, trial, attemptId, measurement)
      })
    },

    complete: (attemptId, worker, last) =>
      withOpenAttempt(db, attemptId, worker, async (tx, trial) => {
        await insertMeasurement(tx, trial, attemptId, last)
        await closeAttempt(tx, attemptId, 'completed', null)
        await succeedJob(tx, trial.jobId, worker)
        await tx
          .updateTable('trials')
          .set({ state: 'completed', finishedAt: NOW })
          .where('id', '=', trial.id)
          .execute()
      }),

    endAttempt: (attemptId, worker, { state, problem, retry }) =>
      withOpenAttempt(db, attemptId, worker, async (tx, trial, cancelRequested) => {
        await closeAttempt(tx, attemptId, state, problem)
        if (retry && !cancelRequested) return putBack(tx, trial, worker)
        const isCancelled = state === 'cancelled' || (retry && cancelRequested)
        await endTrial(tx, trial, worker, isCancelled ? null : { problem })
      }),
  }
}

/**
 * Runs the changes when the attempt is the running one of a running trial whose job this worker holds; otherwise answers
 * false. All of that stays as it is until the end of the transaction.
 */
async function withOpenAttempt(
  db: Database,
  attemptId: string,
  worker: string,
  change: (tx: Database, trial: LockedTrial, cancelRequested: boolean) => Promise<void>,
): Promise<boolean> {
  if (!isId(attemptId)) return false
  return db.transaction().execute(async (tx) => {
    const found = await tx
      .selectFrom('attempts')
      .innerJoin('trials', 'trials.id', 'attempts.trialId')
      .select('trials.uid')
      .where('attempts.id', '=', attemptId)
      .executeTakeFirst()
    const trial = found && (await lockTrial(tx, found.uid))
    if (trial?.state !== 'running' || !(await isOpen(tx, trial, attemptId))) return false
    const job = await lockHeldJob(tx, trial.jobId, worker)
    if (!job) return false
    await change(tx, trial, job.cancelRequestedAt !== null)
    return true
  })
}

const lockHeldJob = (tx: Database, id: string, worker: string) =>
  tx
    .selectFrom('jobs')
    .select('cancelRequestedAt')
    .where('id', '=', id)
    .where('state', '=', 'running')
    .where('worker', '=', worker)
    .forNoKeyUpdate()
    .executeTakeFirst()

async function isOpen(tx: Database, trial: LockedTrial, attemptId: string): Promise<boolean> {
  const attempt = await tx
    .selectFrom('attempts')
    .select('id')
    .where('id', '=', attemptId)
    .where('trialId', '=', trial.id)
    .where('state', '=', 'running')
    .executeTakeFirst()
  return attempt !== undefined
}

async function openAttempt(tx: Database, trial: LockedTrial, worker: string, expiresAt: Date) {
  const attempt = await tx
    .insertInto('attempts')
    .values({ id: uuid(), trialId: trial.id, number: trial.attempts + 1 })
    .returningAll()
    .executeTakeFirstOrThrow()
  await tx
    .insertInto('leases')
    .values({ id: uuid(), attemptId: attempt.id, holder: worker, expiresAt })
    .execute()
  await tx
    .updateTable('trials')
    .set({ state: 'running', attempts: attempt.number })
    .where('id', '=', trial.id)
    .execute()
  return attempt
}

async function loseOpenAttempt(tx: Database, trial: LockedTrial): Promise<void> {
  const open = await tx
    .selectFrom('attempts')
    .select('id')
    .where('trialId', '=', trial.id)
    .where('state', '=', 'running')
    .executeTakeFirst()
  if (open) await closeAttempt(tx, open.id, 'lost', null)
}

async function closeAttempt(
  tx: Database,
  id: string,
  state: Exclude<AttemptState, 'running'>,
  problem: Record<string, unknown> | null,
): Promise<void> {
  await tx
    .updateTable('attempts')
    .set({ state, problem: problem && JSON.stringify(problem), finishedAt: NOW })
    .where('id', '=', id)
    .execute()
  await tx
    .updateTable('leases')
    .set({ releasedAt: NOW })
    .where('attemptId', '=', id)
    .where('releasedAt', 'is', null)
    .execute()
}

async function putBack(tx: Database, trial: LockedTrial, worker: string): Promise<void> {
  await updateHeldJob(tx, trial.jobId, worker).set(QUEUED_AGAIN).execute()
  await tx.updateTable('trials').set({ state: 'waiting' }).where('id', '=', trial.id).execute()
}

/** @param failure why the trial was set aside; null when it was cancelled */
async function endTrial(
  tx: Database,
  trial: LockedTrial,
  worker: string,
  failure: { problem: Record<string, unknown> | null } | null,
): Promise<void> {
  const state = failure ? 'failed' : 'cancelled'
  const problem = failure?.problem ?? null
  await updateHeldJob(tx, trial.jobId, worker).set(ended(state, problem)).execute()
  await tx
    .updateTable('trials')
    .set({ state, problem: problem && JSON.stringify(problem), finishedAt: NOW })
    .where('id', '=', trial.id)
    .execute()
}

/** False when the trial has a measurement at this number of tokens. */
async function insertMeasurement(
  tx: Database,
  trial: LockedTrial,
  attemptId: string,
  measured: Pick<MeasurementRecord, 'tokens' | 'values' | 'standardErrors' | 'details'>,
): Promise<boolean> {
  const { tokens, values, standardErrors, details } = measured
  const { rows } = await sql`
    insert into mixwright.measurements (trial_id, attempt_id, tokens, values, standard_errors, details)
    select ${trial.id}, ${attemptId}, ${tokens}, ${JSON.stringify(values)}::json,
      ${JSON.stringify(standardErrors)}::json, ${JSON.stringify(details)}::json
    where not exists (
      select from mixwright.measurements where trial_id = ${trial.id} and tokens = ${tokens}
    )
    returning true`.execute(tx)
  return rows.length > 0
}
