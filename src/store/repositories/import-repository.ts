import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { ImportRecord } from '../records.js'
import { DuplicateRunError, type ImportRepository } from '../store.js'
import { findDuplicateRuns, insertRuns, readRunPages } from './run-rows.js'

export function createImportRepository(db: Database): ImportRepository {
  const select = () => db.selectFrom('imports').selectAll()

  return {
    begin: async (record) => {
      await db
        .insertInto('imports')
        .values({
          ...record,
          warnings: JSON.stringify(record.warnings),
          evaluations: record.evaluations && JSON.stringify(record.evaluations),
        })
        .execute()
    },

    appendRows: async (importId, rowsJson) => {
      try {
        await insertRuns(db, importId, rowsJson)
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        throw new DuplicateRunError(await findDuplicateRuns(db, importId, rowsJson))
      }
    },

    complete: (importId, summary, accept) =>
      db.transaction().execute(async (tx) => {
        if (summary.evaluations) accept?.(await evaluatedAlongside(tx, importId))
        await raiseTried(tx, importId)
        return completeImport(tx, importId, summary)
      }),

    discard: async (importId) => {
      await db
        .deleteFrom('imports')
        .where('id', '=', importId)
        .where('state', '=', 'staging')
        .execute()
    },

    discardStagingBefore: async (date) => {
      const { numDeletedRows } = await db
        .deleteFrom('imports')
        .where('state', '=', 'staging')
        .where('createdAt', '<', date)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('trials')
                .select('trials.id')
                .whereRef('trials.importId', '=', 'imports.id')
                .where('trials.createdAt', '>=', date),
            ),
          ),
        )
        .executeTakeFirst()
      return Number(numDeletedRows)
    },

    get: async (id) => (isId(id) ? select().where('id', '=', id).executeTakeFirst() : undefined),

    list: async (studyId) =>
      isId(studyId) ? select().where('studyId', '=', studyId).orderBy('id').execute() : [],

    page: async (studyId, { after, limit }) => {
      if (!isId(studyId)) return []
      return select()
        .where('studyId', '=', studyId)
        .where('state', '=', 'complete')
        .$if(after !== undefined, (query) => query.where('id', '>', after!))
        .orderBy('id')
        .limit(limit)
        .execute()
    },

    readRows: (importIds, pageRows = 1_000) => readRunPages(db, importIds, pageRows),
  }
}

/** Complete imports of the same study and fidelity that say how they were evaluated; further ones wait. */
async function evaluatedAlongside(tx: Database, importId: string): Promise<ImportRecord[]> {
  // Not `for update`: rows that refer to the study may be written meanwhile.
  const { rows } = await sql<{ studyId: string; fidelity: string }>`
    select studies.id as study_id, imports.fidelity from mixwright.studies
    join mixwright.imports on imports.study_id = studies.id
    where imports.id = ${importId} for no key update of studies`.execute(tx)
  if (rows.length === 0) return []
  return tx
    .selectFrom('imports')
    .selectAll()
    .where('studyId', '=', rows[0].studyId)
    .where('fidelity', '=', rows[0].fidelity)
    .where('state', '=', 'complete')
    .where('evaluations', 'is not', null)
    .orderBy('id')
    .execute()
}

/** Its mixtures count as tried. Before the import itself is locked, as the deletion of a study locks it after the study. */
async function raiseTried(tx: Database, importId: string): Promise<void> {
  await sql`
    update mixwright.studies set tried_version = tried_version + 1
    from mixwright.imports where imports.id = ${importId} and studies.id = imports.study_id`.execute(
    tx,
  )
}

function completeImport(
  tx: Database,
  importId: string,
  { rowCount, warnings, evaluations }: Parameters<ImportRepository['complete']>[1],
): Promise<ImportRecord> {
  return tx
    .updateTable('imports')
    .set({
      state: 'complete',
      rowCount,
      warnings: JSON.stringify(warnings),
      ...(evaluations && { evaluations: JSON.stringify(evaluations) }),
      completedAt: sql<Date>`now()`,
    })
    .where('id', '=', importId)
    .where('state', '=', 'staging')
    .returningAll()
    .executeTakeFirstOrThrow(() => new Error(`there is no import ${importId} to complete`))
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}
