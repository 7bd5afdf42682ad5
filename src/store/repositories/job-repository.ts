import { type ExpressionBuilder, sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { JobRepository } from '../store.js'
import type { Tables } from '../tables.js'
import { cancelJobs, ended, NOW, QUEUED_AGAIN, RAISED, updateHeldJob } from './job-changes.js'
import { deleteUnneeded, unneeded } from './job-needs.js'
import { lockTrial, settleTrials } from './trial-rows.js'

export function createJobRepository(db: Database): JobRepository {
  const select = () => db.selectFrom('jobs').selectAll()
  const update = (id: string) => db.updateTable('jobs').where('id', '=', id)

  const get: JobRepository['get'] = async (id) =>
    isId(id) ? select().where('id', '=', id).executeTakeFirst() : undefined

  return {
    get,

    list: ({ after, limit, studyId }) =>
      select()
        .$if(after !== undefined, (query) => query.where('id', '<', after!))
        .$if(studyId !== undefined, (query) => query.where('studyId', '=', studyId!))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),

    claim: async (id, worker, staleBefore) => {
      if (!isId(id)) return undefined
      return update(id)
        .set({
          state: 'running',
          worker,
          heartbeatAt: NOW,
          startedAt: sql<Date>`coalesce(started_at, now())`,
          attempts: sql<number>`attempts + 1`,
          version: RAISED,
        })
        .where(shouldRun(staleBefore))
        .returningAll()
        .executeTakeFirst()
    },

    heartbeat: async (id, worker, progress) => {
      const job = await updateHeldJob(db, id, worker)
        .set({
          heartbeatAt: NOW,
          version: RAISED,
          ...(progress !== undefined && { progress: progress && JSON.stringify(progress) }),
        })
        .returning('cancelRequestedAt')
        .executeTakeFirst()
      return { held: job !== undefined, cancelRequested: job?.cancelRequestedAt != null }
    },

    end: (id, worker, { state, problem }) =>
      withTrialOf(db, id, async (tx) => {
        const { numUpdatedRows } = await updateHeldJob(tx, id, worker)
          .set(ended(state, problem))
          .executeTakeFirst()
        return numUpdatedRows > 0n
      }),

    release: async (id, worker) => {
      const { numUpdatedRows } = await updateHeldJob(db, id, worker)
        .set(QUEUED_AGAIN)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    requestCancel: async (id) => {
      if (!isId(id)) return undefined
      const [changed] = await withTrialOf(db, id, (tx) => cancelJobs(tx, [id]))
      return changed ?? get(id)
    },

    findOrphans: (staleBefore) =>
      select()
        .where('id', 'in', (is) =>
          is
            .selectFrom(rankedOrphans(is, staleBefore).as('orphans'))
            .select('orphans.id')
            .where('orphans.rank', '<=', MOST_ORPHANS),
        )
        .orderBy('id')
        .execute(),

    deleteEndedBefore: async (date) => {
      const { numDeletedRows } = await db
        .deleteFrom('jobs')
        .where('id', 'in', (is) => unneeded(is, date))
        .executeTakeFirst()
      return Number(numDeletedRows)
    },

    delete: async (id) => (isId(id) ? deleteUnneeded(db, id) : undefined),

    requeueOrphan: async (id, staleBefore) => {
      const { numUpdatedRows } = await update(id)
        .set(QUEUED_AGAIN)
        .where('state', '=', 'running')
        .where('heartbeatAt', '<', staleBefore)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
  }
}

/** Of one kind, found in one go: thousands of trials must not keep a fit from being found. */
const MOST_ORPHANS = 1_000

/** Those that a dead worker left come first: nobody else rings for them. */
function rankedOrphans(is: ExpressionBuilder<Tables, 'jobs'>, staleBefore: Date) {
  return is
    .selectFrom('jobs')
    .select([
      'id',
      sql<number>`row_number() over (partition by kind order by state = 'queued', id)`.as('rank'),
    ])
    .where(shouldRun(staleBefore))
}

/** Queued, or running without a sign of life since the date. */
function shouldRun(staleBefore: Date) {
  return (is: ExpressionBuilder<Tables, 'jobs'>) =>
    is.or([
      is('state', '=', 'queued'),
      is.and([is('state', '=', 'running'), is('heartbeatAt', '<', staleBefore)]),
    ])
}

/**
 * Changes a job, and settles its trial in the same transaction when it is one's. The trial is locked before the job:
 * everybody who needs both takes them in this order.
 */
async function withTrialOf<T>(
  db: Database,
  jobId: string,
  change: (tx: Database) => Promise<T>,
): Promise<T> {
  const job = await db
    .selectFrom('jobs')
    .select('subjectId')
    .where('id', '=', jobId)
    .where('kind', '=', 'trial')
    .executeTakeFirst()
  if (!job) return change(db)
  return db.transaction().execute(async (tx) => {
    const trial = await lockTrial(tx, job.subjectId)
    const result = await change(tx)
    if (trial) await settleTrials(tx, [trial.id])
    return result
  })
}
