import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { ProxyTrialState, SearchRecord } from '../records.js'
import type { NewTrial, SearchRepository } from '../trial-contract.js'
import { appendEvent } from './event-repository.js'
import { insertFitWithJob } from './fit-rows.js'
import { NOW } from './job-changes.js'
import { insertTrials } from './trial-rows.js'

const RAISED = sql<number>`version + 1`

export function createSearchRepository(db: Database): SearchRepository {
  const select = () => db.selectFrom('searches').selectAll()

  return {
    insert: async (search, trials) => {
      if (!isId(search.studyId)) return undefined
      return db.transaction().execute((tx) => insertWithTrials(tx, search, trials))
    },

    extend: async (id, expectedTrials, trials) => {
      if (!isId(id)) return false
      return db.transaction().execute(async (tx) => {
        const search = await lockSearch(tx, id, ['running'])
        if (!search || (await countTrials(tx, id)) !== expectedTrials) return false
        await insertAll(tx, { id, studyId: search.studyId }, trials)
        return true
      })
    },

    get: async (id) => (isId(id) ? select().where('id', '=', id).executeTakeFirst() : undefined),

    list: async (studyId, { after, limit }) => {
      if (!isId(studyId)) return []
      return select()
        .where('studyId', '=', studyId)
        .$if(after !== undefined, (query) => query.where('id', '<', after!))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute()
    },

    counts: async (id) => {
      const counts = { waiting: 0, running: 0, completed: 0, failed: 0, cancelled: 0 }
      if (!isId(id)) return counts
      const rows = await db
        .selectFrom('trials')
        .select(['state', sql<number>`count(*)`.as('count')])
        .where('searchId', '=', id)
        .groupBy('state')
        .execute()
      for (const { state, count } of rows) counts[state as ProxyTrialState] = count
      return counts
    },

    beginFit: async (id, fit) => {
      if (!isId(id)) return false
      return db.transaction().execute(async (tx) => {
        if (!(await lockReadyForFit(tx, id))) return false
        await insertFitWithJob(tx, fit, { id: fit.jobId, kind: 'fit' })
        await tx
          .updateTable('searches')
          .set({ state: 'fitting', fitId: fit.id, version: RAISED })
          .where('id', '=', id)
          .execute()
        return true
      })
    },

    end: async (id, from, end, event) => {
      if (!isId(id) || from.length === 0) return false
      return db.transaction().execute(async (tx) => {
        const search = await lockSearch(tx, id, from)
        if (!search) return false
        if (event) await appendEvent(tx, search.studyId, event)
        await tx
          .updateTable('searches')
          .set({ ...end, problem: end.problem && JSON.stringify(end.problem) })
          .set({ finishedAt: NOW, version: RAISED })
          .where('id', '=', id)
          .execute()
        return true
      })
    },

    unfinished: () => select().where('state', 'in', ['running', 'fitting']).orderBy('id').execute(),
  }
}

/** Trials written by one statement. */
const TRIALS_AT_ONCE = 2_000

async function insertWithTrials(
  tx: Database,
  search: Parameters<SearchRepository['insert']>[0],
  trials: readonly NewTrial[],
): Promise<SearchRecord | undefined> {
  if (!(await lockStudy(tx, search.studyId))) return undefined
  const inserted = await tx
    .insertInto('searches')
    .values(search)
    .onConflict((conflict) =>
      conflict.column('studyId').where('state', 'in', ['running', 'fitting']).doNothing(),
    )
    .returningAll()
    .executeTakeFirst()
  if (!inserted) return undefined
  await insertAll(tx, inserted, trials)
  return inserted
}

async function insertAll(
  tx: Database,
  search: Pick<SearchRecord, 'id' | 'studyId'>,
  trials: readonly NewTrial[],
): Promise<void> {
  for (let start = 0; start < trials.length; start += TRIALS_AT_ONCE)
    await insertTrials(tx, search, trials.slice(start, start + TRIALS_AT_ONCE))
}

async function countTrials(tx: Database, searchId: string): Promise<number> {
  const { count } = await tx
    .selectFrom('trials')
    .select(sql<number>`count(*)`.as('count'))
    .where('searchId', '=', searchId)
    .executeTakeFirstOrThrow()
  return count
}

/**
 * Keeps the study from being deleted before the end of the transaction. Taken before anything of the study is: its
 * deletion locks in that order, too.
 */
async function lockStudy(tx: Database, id: string): Promise<boolean> {
  const study = await tx
    .selectFrom('studies')
    .select('id')
    .where('id', '=', id)
    .forKeyShare()
    .executeTakeFirst()
  return study !== undefined
}

/** The search, when it is in one of the states; it stays there until the end of the transaction. */
async function lockSearch(tx: Database, id: string, states: readonly SearchRecord['state'][]) {
  const search = await tx
    .selectFrom('searches')
    .select('studyId')
    .where('id', '=', id)
    .executeTakeFirst()
  if (!search || !(await lockStudy(tx, search.studyId))) return undefined
  return tx
    .selectFrom('searches')
    .select(['studyId', 'purpose'])
    .where('id', '=', id)
    .where('state', 'in', [...states])
    .forUpdate()
    .executeTakeFirst()
}

/** Whether the search is running and all its trials have ended; if so, it stays so until the end of the transaction. */
async function lockReadyForFit(tx: Database, id: string): Promise<boolean> {
  const running = await lockSearch(tx, id, ['running'])
  if (running?.purpose !== 'search') return false
  const open = await tx
    .selectFrom('trials')
    .select('id')
    .where('searchId', '=', id)
    .where('state', 'in', ['waiting', 'running'])
    .limit(1)
    .executeTakeFirst()
  return open === undefined
}
