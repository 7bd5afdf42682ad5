import { type ExpressionBuilder, sql } from 'kysely'
import type { Database } from '../database.js'
import type { Tables } from '../tables.js'
import { NOW } from './job-changes.js'

/** Whoever changes a corpus, its sources or its ingestions locks the corpus first. False when there is none. */
export async function lockCorpus(tx: Database, id: string): Promise<boolean> {
  const corpus = await tx
    .selectFrom('corpora')
    .select('id')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()
  return corpus !== undefined
}

/** Notes that the corpus, what belongs to it or who uses it has changed. */
export async function touchCorpus(tx: Database, id: string): Promise<void> {
  await tx
    .updateTable('corpora')
    .set({ updatedAt: NOW, version: sql<number>`version + 1` })
    .where('id', '=', id)
    .execute()
}

/** Ingestions of the corpora in the query around that are queued or running. */
export const ingestionsAtWork = (is: ExpressionBuilder<Tables, 'corpora'>) =>
  is
    .selectFrom('ingestions')
    .innerJoin('jobs', 'jobs.id', 'ingestions.jobId')
    .select('ingestions.id')
    .whereRef('ingestions.corpusId', '=', 'corpora.id')
    .where('jobs.state', 'in', ['queued', 'running'])

/** Id of the newest ingestion, of the corpus in the query around, that succeeded. */
export const newestIngestion = (is: ExpressionBuilder<Tables, 'corpora'>) =>
  is
    .selectFrom('ingestions')
    .select('ingestions.id')
    .whereRef('ingestions.corpusId', '=', 'corpora.id')
    .where('ingestions.manifest', 'is not', null)
    .orderBy('ingestions.id', 'desc')
    .limit(1)

/** Studies that use the corpora in the query around. */
export const studiesUsing = (is: ExpressionBuilder<Tables, 'corpora'>) =>
  is.selectFrom('studies').select('studies.id').whereRef('studies.corpusId', '=', 'corpora.id')

/** A study that was made at the same moment keeps what it uses. */
export async function refusedIfUsed(deletion: () => Promise<boolean>): Promise<boolean> {
  try {
    return await deletion()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === FOREIGN_KEY_VIOLATION)
      return false
    throw error
  }
}

const FOREIGN_KEY_VIOLATION = '23503'
