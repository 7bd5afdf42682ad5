import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { FitRepository } from '../store.js'
import { insertFitWithJob } from './fit-rows.js'
import { NOW, succeedJob } from './job-changes.js'

export function createFitRepository(db: Database): FitRepository {
  const select = () => db.selectFrom('fits').selectAll()

  return {
    insertWithJob: (fit, job) => db.transaction().execute((tx) => insertFitWithJob(tx, fit, job)),

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
        const fit = await tx
          .selectFrom('fits')
          .select('jobId')
          .where('id', '=', fitId)
          .executeTakeFirst()
        if (!fit || !(await succeedJob(tx, fit.jobId, worker))) return false
        await tx
          .updateTable('fits')
          .set({ recommendation: JSON.stringify(recommendation), finishedAt: NOW })
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
