import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { StudyRepository } from '../store.js'
import { touchCorpus } from './corpus-rows.js'

export function createStudyRepository(db: Database): StudyRepository {
  return {
    insert: (study) =>
      db
        .insertInto('studies')
        .values({
          ...study,
          labels: JSON.stringify(study.labels),
          problem: JSON.stringify(study.problem),
          params: JSON.stringify(study.params),
          trialPolicy: JSON.stringify(study.trialPolicy),
        })
        .returningAll()
        .executeTakeFirstOrThrow(),

    get: async (id) => {
      if (!isId(id)) return undefined
      return db.selectFrom('studies').selectAll().where('id', '=', id).executeTakeFirst()
    },

    list: ({ after, limit, owner, label }) =>
      db
        .selectFrom('studies')
        .selectAll()
        .$if(after !== undefined, (query) => query.where('id', '<', after!))
        .$if(owner !== undefined, (query) => query.where('owner', '=', owner!))
        .$if(label !== undefined, (query) =>
          query.where(sql<boolean>`labels @> ${JSON.stringify(Object.fromEntries([label!]))}`),
        )
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),

    delete: async (id) => {
      if (!isId(id)) return false
      return db.transaction().execute(async (tx) => {
        if (!(await lockWithTrials(tx, id))) return false
        const deleted = await tx
          .deleteFrom('studies')
          .where('id', '=', id)
          .returning('corpusId')
          .executeTakeFirstOrThrow()
        // From now on the time runs after which a corpus that nobody uses is removed.
        if (deleted.corpusId) await touchCorpus(tx, deleted.corpusId)
        return true
      })
    },
  }
}

/**
 * Locks the study and then its trials, in the order in which a cancelled search locks them: the deletion alone would take
 * them as they lie on the disk, and the two could wait for each other. False when there is no study.
 */
async function lockWithTrials(tx: Database, id: string): Promise<boolean> {
  const study = await tx
    .selectFrom('studies')
    .select('id')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  if (!study) return false
  await tx
    .selectFrom('trials')
    .select('id')
    .where('studyId', '=', id)
    .where('evaluator', '<>', 'table')
    .orderBy('id')
    .forUpdate()
    .execute()
  return true
}
