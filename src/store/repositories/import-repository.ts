import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
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

    complete: (importId, { rowCount, warnings }) =>
      db
        .updateTable('imports')
        .set({
          state: 'complete',
          rowCount,
          warnings: JSON.stringify(warnings),
          completedAt: sql<Date>`now()`,
        })
        .where('id', '=', importId)
        .where('state', '=', 'staging')
        .returningAll()
        .executeTakeFirstOrThrow(() => new Error(`there is no import ${importId} to complete`)),

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

    readRows: (importIds, pageRows = 1_000) => readRunPages(db, importIds, pageRows),
  }
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505'
}
