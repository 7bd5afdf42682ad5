import { sql } from 'kysely'
import type { CorpusRepository } from '../corpus-contract.js'
import { type Database, isId } from '../database.js'
import {
  ingestionsAtWork,
  lockCorpus,
  newestIngestion,
  refusedIfUsed,
  studiesUsing,
  touchCorpus,
} from './corpus-rows.js'
import { createIngestionRepository } from './ingestion-repository.js'

export function createCorpusRepository(db: Database): CorpusRepository {
  const select = () =>
    db
      .selectFrom('corpora')
      .selectAll('corpora')
      .select((is) => newestIngestion(is).as('ingestionId'))

  return {
    ...createIngestionRepository(db),

    insert: async (corpus) => {
      const inserted = await db
        .insertInto('corpora')
        .values({
          ...corpus,
          labels: JSON.stringify(corpus.labels),
          settings: JSON.stringify(corpus.settings),
          domains: JSON.stringify(corpus.domains),
        })
        .returningAll()
        .executeTakeFirstOrThrow()
      return { ...inserted, ingestionId: null }
    },

    get: async (id) =>
      isId(id) ? select().where('corpora.id', '=', id).executeTakeFirst() : undefined,

    list: ({ after, limit }) =>
      select()
        .$if(after !== undefined, (query) => query.where('corpora.id', '<', after!))
        .orderBy('corpora.id', 'desc')
        .limit(limit)
        .execute(),

    studiesOf: async (id) => {
      if (!isId(id)) return []
      return db
        .selectFrom('studies')
        .select(['id', 'name'])
        .where('corpusId', '=', id)
        .orderBy('id')
        .limit(20)
        .execute()
    },

    delete: async (id) => {
      if (!isId(id)) return false
      return refusedIfUsed(() => db.transaction().execute((tx) => deleteCorpus(tx, id)))
    },

    addSource: async (source) => {
      const { corpusId } = source
      if (!isId(corpusId)) return undefined
      return db.transaction().execute(async (tx) => {
        if (!(await lockCorpus(tx, corpusId))) return undefined
        await touchCorpus(tx, corpusId)
        return tx.insertInto('corpusSources').values(source).returningAll().executeTakeFirst()
      })
    },

    sources: async (corpusId) => {
      if (!isId(corpusId)) return []
      return db
        .selectFrom('corpusSources')
        .selectAll()
        .where('corpusId', '=', corpusId)
        .orderBy('id')
        .execute()
    },

    removeSource: async (corpusId, sourceId) => {
      if (!isId(corpusId) || !isId(sourceId)) return false
      return db.transaction().execute(async (tx) => {
        if (!(await lockCorpus(tx, corpusId))) return false
        const { numDeletedRows } = await tx
          .deleteFrom('corpusSources')
          .where('id', '=', sourceId)
          .where('corpusId', '=', corpusId)
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('ingestions')
                  .innerJoin('jobs', 'jobs.id', 'ingestions.jobId')
                  .select('ingestions.id')
                  .where('ingestions.corpusId', '=', corpusId)
                  .where('jobs.state', 'in', ['queued', 'running'])
                  .where(sql<boolean>`${sourceId} = any(ingestions.source_ids)`),
              ),
            ),
          )
          .executeTakeFirst()
        if (numDeletedRows > 0n) await touchCorpus(tx, corpusId)
        return numDeletedRows > 0n
      })
    },

    expired: (now) => {
      const limit = sql<Date>`${now}::timestamptz - retention_days * interval '1 day'`
      return select()
        .where('retentionDays', 'is not', null)
        .where('updatedAt', '<', limit)
        .where((is) => is.not(is.exists(studiesUsing(is))))
        .where((is) => is.not(is.exists(ingestionsAtWork(is))))
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('ingestions')
                .innerJoin('jobs', 'jobs.id', 'ingestions.jobId')
                .select('ingestions.id')
                .whereRef('ingestions.corpusId', '=', 'corpora.id')
                .where('jobs.finishedAt', '>=', limit),
            ),
          ),
        )
        .orderBy('corpora.id')
        .execute()
    },
  }
}

async function deleteCorpus(tx: Database, id: string): Promise<boolean> {
  if (!(await lockCorpus(tx, id))) return false
  const free = await tx
    .selectFrom('corpora')
    .select('id')
    .where('id', '=', id)
    .where((is) => is.not(is.exists(studiesUsing(is))))
    .where((is) => is.not(is.exists(ingestionsAtWork(is))))
    .executeTakeFirst()
  if (!free) return false
  await tx
    .deleteFrom('jobs')
    .where('id', 'in', (is) =>
      is.selectFrom('ingestions').select('ingestions.jobId').where('corpusId', '=', id),
    )
    .execute()
  await tx.deleteFrom('corpora').where('id', '=', id).execute()
  return true
}
