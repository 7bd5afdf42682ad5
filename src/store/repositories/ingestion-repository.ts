import type { CorpusRepository } from '../corpus-contract.js'
import { type Database, isId } from '../database.js'
import {
  ingestionsAtWork,
  lockCorpus,
  newestIngestion,
  refusedIfUsed,
  touchCorpus,
} from './corpus-rows.js'
import { NOW, succeedJob } from './job-changes.js'

type IngestionMethods =
  | 'requestIngestion'
  | 'ingestion'
  | 'ingestions'
  | 'finishIngestion'
  | 'supersededIngestions'
  | 'deleteIngestion'

/** The part of the corpora that is about ingestions. */
export function createIngestionRepository(db: Database): Pick<CorpusRepository, IngestionMethods> {
  const select = () => db.selectFrom('ingestions').selectAll()

  return {
    requestIngestion: async (ingestion) => {
      if (!isId(ingestion.corpusId)) return undefined
      return db.transaction().execute(async (tx) => {
        if (!(await lockCorpus(tx, ingestion.corpusId))) return undefined
        if (await isAtWork(tx, ingestion.corpusId)) return undefined
        return insertWithJob(tx, ingestion)
      })
    },

    ingestion: async (id) =>
      isId(id) ? select().where('id', '=', id).executeTakeFirst() : undefined,

    ingestions: async (corpusId) =>
      isId(corpusId)
        ? select().where('corpusId', '=', corpusId).orderBy('id', 'desc').execute()
        : [],

    finishIngestion: async (id, worker, manifest) => {
      if (!isId(id)) return false
      return db.transaction().execute(async (tx) => {
        const ingestion = await tx
          .selectFrom('ingestions')
          .select(['corpusId', 'jobId'])
          .where('id', '=', id)
          .executeTakeFirst()
        if (!ingestion || !(await lockCorpus(tx, ingestion.corpusId))) return false
        if (!(await succeedJob(tx, ingestion.jobId, worker))) return false
        await tx
          .updateTable('ingestions')
          .set({ manifest: JSON.stringify(manifest), finishedAt: NOW })
          .where('id', '=', id)
          .execute()
        await touchCorpus(tx, ingestion.corpusId)
        return true
      })
    },

    supersededIngestions: () =>
      superseded(db).select(['ingestions.id', 'ingestions.corpusId']).execute(),

    deleteIngestion: async (id) => {
      if (!isId(id)) return false
      return refusedIfUsed(async () => {
        const { numDeletedRows } = await db
          .deleteFrom('ingestions')
          .where('id', 'in', () =>
            superseded(db).select('ingestions.id').where('ingestions.id', '=', id),
          )
          .executeTakeFirst()
        return numDeletedRows > 0n
      })
    },
  }
}

async function insertWithJob(
  tx: Database,
  ingestion: Parameters<CorpusRepository['requestIngestion']>[0],
) {
  const job = await tx
    .insertInto('jobs')
    .values({ id: ingestion.jobId, kind: 'ingest', studyId: null, subjectId: ingestion.id })
    .returningAll()
    .executeTakeFirstOrThrow()
  const inserted = await tx
    .insertInto('ingestions')
    .values({ ...ingestion, settings: JSON.stringify(ingestion.settings) })
    .returningAll()
    .executeTakeFirstOrThrow()
  await touchCorpus(tx, ingestion.corpusId)
  return { ingestion: inserted, job }
}

async function isAtWork(tx: Database, corpusId: string): Promise<boolean> {
  const corpus = await tx
    .selectFrom('corpora')
    .select('id')
    .where('id', '=', corpusId)
    .where((is) => is.exists(ingestionsAtWork(is)))
    .executeTakeFirst()
  return corpus !== undefined
}

/** Ingestions that are neither their corpus's newest, nor used by a study, nor at work. */
const superseded = (db: Database) =>
  db
    .selectFrom('ingestions')
    .innerJoin('corpora', 'corpora.id', 'ingestions.corpusId')
    .where((is) => is('ingestions.id', 'is distinct from', newestIngestion(is)))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('studies')
            .select('studies.id')
            .whereRef('studies.corpusId', '=', 'ingestions.corpusId')
            .whereRef('studies.ingestionId', '=', 'ingestions.id'),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('jobs')
            .select('jobs.id')
            .whereRef('jobs.id', '=', 'ingestions.jobId')
            .where('jobs.state', 'in', ['queued', 'running']),
        ),
      ),
    )
    .orderBy('ingestions.id')
