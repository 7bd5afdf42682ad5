import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { FitRepository } from '../store.js'

export function createFitRepository(db: Database): FitRepository {
  const select = () => db.selectFrom('fits').selectAll()

  return {
    insertWithJob: (fit, { id, kind }) =>
      db.transaction().execute(async (tx) => {
        const job = await tx
          .insertInto('jobs')
          .values({ id, kind, studyId: fit.studyId, subjectId: fit.id })
          .returningAll()
          .executeTakeFirstOrThrow()
        const inserted = await tx
          .insertInto('fits')
          .values({ ...fit, jobId: id, params: JSON.stringify(fit.params) })
          .returningAll()
          .executeTakeFirstOrThrow()
        return { fit: inserted, job }
      }),

    get: async (id) => (isId(id) ? select().where('id', '=', id).executeTakeFirst() : undefined),

    latestFinished: async (studyId) => {
      if (!isId(studyId)) return undefined
      return select()
        .where('studyId', '=', studyId)
        .where('recommendation', 'is not', null)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst()
    },

    finish: async (fitId, worker, { recommendation, models }) => {
      if (!isId(fitId)) return false
      return db.transaction().execute(async (tx) => {
        if (!(await succeedJob(tx, fitId, worker))) return false
        await tx
          .updateTable('fits')
          .set({ recommendation: JSON.stringify(recommendation), finishedAt: sql<Date>`now()` })
          .where('id', '=', fitId)
          .execute()
        if (models.length > 0) await insertModels(tx, fitId, models)
        return true
      })
    },

    models: async (fitId, metrics) => {
      if (!isId(fitId)) return []
      return db
        .selectFrom('fitModels')
        .select(['metric', 'surrogate', 'model'])
        .where('fitId', '=', fitId)
        .$if(metrics !== undefined, (query) =>
          query.where('metric', '=', sql<string>`any(${[...(metrics ?? [])]}::text[])`),
        )
        .orderBy('position')
        .execute()
    },
  }
}

/** Ends the job of the fit as succeeded, if it runs under this worker. */
async function succeedJob(tx: Database, fitId: string, worker: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('jobs')
    .from('fits')
    .set({
      state: 'succeeded',
      worker: null,
      heartbeatAt: null,
      finishedAt: sql<Date>`now()`,
      version: sql<number>`jobs.version + 1`,
    })
    .where('fits.id', '=', fitId)
    .whereRef('jobs.id', '=', 'fits.jobId')
    .where('jobs.state', '=', 'running')
    .where('jobs.worker', '=', worker)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

async function insertModels(
  tx: Database,
  fitId: string,
  models: readonly { metric: string; surrogate: string; model: string }[],
): Promise<void> {
  await tx
    .insertInto('fitModels')
    .values(models.map((model, position) => ({ fitId, position, ...model })))
    .execute()
}
