import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { StudyRepository } from '../store.js'

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
      const { numDeletedRows } = await db
        .deleteFrom('studies')
        .where('id', '=', id)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },
  }
}
