import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { StudyRecord } from '../records.js'
import type { StudyRepository } from '../store.js'
import { inBatches } from './batches.js'
import { touchCorpus } from './corpus-rows.js'
import { NOW } from './job-changes.js'

export function createStudyRepository(db: Database): StudyRepository {
  const readStudy = inBatches(async (ids: readonly string[]) => {
    const { rows } = await sql<StudyRecord>`
      select * from mixwright.studies where id = any(${ids}::uuid[])`.execute(db)
    return new Map(rows.map((study) => [study.id, study]))
  })
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

    get: async (id) => (isId(id) ? readStudy(id.toLowerCase()) : undefined),

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

    update: async (id, version, { labels, trialPolicy, ...change }) => {
      if (!isId(id)) return undefined
      return db
        .updateTable('studies')
        .set({
          ...change,
          ...(labels && { labels: JSON.stringify(labels) }),
          ...(trialPolicy && { trialPolicy: JSON.stringify(trialPolicy) }),
          version: sql<number>`version + 1`,
          updatedAt: NOW,
        })
        .where('id', '=', id)
        .where('version', '=', version)
        .returningAll()
        .executeTakeFirst()
    },

    delete: async (id, version) => {
      if (!isId(id)) return false
      return db.transaction().execute(async (tx) => {
        if (!(await lockWithTrials(tx, id, version))) return false
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
 * them as they lie on the disk, and the two could wait for each other. False when there is no study of this version.
 */
async function lockWithTrials(tx: Database, id: string, version?: number): Promise<boolean> {
  const study = await tx
    .selectFrom('studies')
    .select('id')
    .where('id', '=', id)
    .$if(version !== undefined, (query) => query.where('version', '=', version!))
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
