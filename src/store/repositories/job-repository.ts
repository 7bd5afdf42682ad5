import { type ExpressionBuilder, sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { JobRepository } from '../store.js'
import type { Tables } from '../tables.js'

const NOW = sql<Date>`now()`
/** Every change of a job raises its version. */
const RAISED = sql<number>`version + 1`

export function createJobRepository(db: Database): JobRepository {
  const select = () => db.selectFrom('jobs').selectAll()
  const update = (id: string) => db.updateTable('jobs').where('id', '=', id)
  const updateHeld = (id: string, worker: string) =>
    update(id).where('state', '=', 'running').where('worker', '=', worker)

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
      const job = await updateHeld(id, worker)
        .set({
          heartbeatAt: NOW,
          version: RAISED,
          ...(progress !== undefined && { progress: progress && JSON.stringify(progress) }),
        })
        .returning('cancelRequestedAt')
        .executeTakeFirst()
      return { held: job !== undefined, cancelRequested: job?.cancelRequestedAt != null }
    },

    end: async (id, worker, { state, problem }) => {
      const { numUpdatedRows } = await updateHeld(id, worker)
        .set({
          state,
          problem: problem && JSON.stringify(problem),
          worker: null,
          heartbeatAt: null,
          finishedAt: NOW,
          version: RAISED,
        })
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    release: async (id, worker) => {
      const { numUpdatedRows } = await updateHeld(id, worker)
        .set({ state: 'queued', worker: null, heartbeatAt: null, version: RAISED })
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    requestCancel: async (id) => {
      if (!isId(id)) return undefined
      const changed = await update(id)
        .set({
          cancelRequestedAt: sql<Date>`coalesce(cancel_requested_at, now())`,
          state: sql<'cancelled'>`case state when 'queued' then 'cancelled' else state end`,
          finishedAt: sql<Date | null>`case state when 'queued' then now() end`,
          version: RAISED,
        })
        .where('state', 'in', ['queued', 'running'])
        .returningAll()
        .executeTakeFirst()
      return changed ?? get(id)
    },

    findOrphans: (staleBefore) =>
      select().where(shouldRun(staleBefore)).orderBy('id').limit(MOST_ORPHANS).execute(),

    requeueOrphan: async (id, staleBefore) => {
      const { numUpdatedRows } = await update(id)
        .set({ state: 'queued', worker: null, heartbeatAt: null, version: RAISED })
        .where('state', '=', 'running')
        .where('heartbeatAt', '<', staleBefore)
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
  }
}

/** Found in one go; the next look finds the rest. */
const MOST_ORPHANS = 1_000

/** Queued, or running without a sign of life since the date. */
function shouldRun(staleBefore: Date) {
  return (is: ExpressionBuilder<Tables, 'jobs'>) =>
    is.or([
      is('state', '=', 'queued'),
      is.and([is('state', '=', 'running'), is('heartbeatAt', '<', staleBefore)]),
    ])
}
