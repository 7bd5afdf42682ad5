import { sql } from 'kysely'
import type { Database } from '../database.js'
import type { JobRecord, JobState } from '../records.js'

/** What becomes of a job at the turns of its life. Every change raises its version. */

export const NOW = sql<Date>`now()`
export const RAISED = sql<number>`jobs.version + 1`

export const QUEUED_AGAIN = {
  state: 'queued',
  worker: null,
  heartbeatAt: null,
  version: RAISED,
} as const

export function ended<S extends Exclude<JobState, 'queued' | 'running'>>(
  state: S,
  problem: Record<string, unknown> | null,
) {
  return {
    state,
    problem: problem && JSON.stringify(problem),
    worker: null,
    heartbeatAt: null,
    finishedAt: NOW,
    version: RAISED,
  }
}

/** A job that this worker holds. */
export const updateHeldJob = (db: Database, id: string, worker: string) =>
  db
    .updateTable('jobs')
    .where('id', '=', id)
    .where('state', '=', 'running')
    .where('worker', '=', worker)

/** Ends the job as succeeded. False when it does not run under this worker. */
export async function succeedJob(tx: Database, id: string, worker: string): Promise<boolean> {
  const { numUpdatedRows } = await updateHeldJob(tx, id, worker)
    .set(ended('succeeded', null))
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Cancels those that are queued and asks for those that run to be cancelled; the others are left out. */
export function cancelJobs(db: Database, ids: readonly string[]): Promise<JobRecord[]> {
  return db
    .updateTable('jobs')
    .set({
      cancelRequestedAt: sql<Date>`coalesce(cancel_requested_at, now())`,
      state: sql<'cancelled'>`case state when 'queued' then 'cancelled' else state end`,
      finishedAt: sql<Date | null>`case state when 'queued' then now() end`,
      version: RAISED,
    })
    .where('id', '=', sql<string>`any(${[...ids]}::uuid[])`)
    .where('state', 'in', ['queued', 'running'])
    .returningAll()
    .execute()
}
