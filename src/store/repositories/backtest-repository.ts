import { sql } from 'kysely'
import type {
  BacktestRecord,
  BacktestRepository,
  BacktestRuns,
  ListedBacktest,
} from '../backtest-contract.js'
import { type Database, isId } from '../database.js'
import { NOW, succeedJob } from './job-changes.js'

export function createBacktestRepository(db: Database): BacktestRepository {
  return {
    insertWithJob: (backtest, runs) =>
      db.transaction().execute((tx) => insertWithJob(tx, backtest, runs)),

    get: async (id) =>
      isId(id)
        ? db.selectFrom('backtests').selectAll().where('id', '=', id).executeTakeFirst()
        : undefined,

    list: async ({ after, limit, studyId }) => {
      if (studyId !== undefined && !isId(studyId)) return []
      return db
        .selectFrom('backtests')
        .select(LISTED)
        .select([
          sql<number>`cardinality(import_ids)`.as('imports'),
          sql<number>`cardinality(trial_ids)`.as('trials'),
        ])
        .$if(after !== undefined, (query) => query.where('id', '<', after!))
        .$if(studyId !== undefined, (query) => query.where('studyId', '=', studyId!))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute()
    },

    runs: async (id) => (isId(id) ? readRuns(db, id) : []),

    finish: async (id, worker, report) => {
      if (!isId(id)) return false
      return db.transaction().execute(async (tx) => {
        const backtest = await tx
          .selectFrom('backtests')
          .select('jobId')
          .where('id', '=', id)
          .executeTakeFirst()
        if (!backtest || !(await succeedJob(tx, backtest.jobId, worker))) return false
        await tx
          .updateTable('backtests')
          .set({ report: JSON.stringify(report), finishedAt: NOW })
          .where('id', '=', id)
          .execute()
        return true
      })
    },

    delete: async (id) => {
      if (!isId(id)) return false
      return db.transaction().execute(async (tx) => {
        await tx
          .deleteFrom('jobs')
          .where('id', 'in', (is) =>
            is.selectFrom('backtests').select('backtests.jobId').where('backtests.id', '=', id),
          )
          .execute()
        const { numDeletedRows } = await tx
          .deleteFrom('backtests')
          .where('id', '=', id)
          .executeTakeFirst()
        return numDeletedRows > 0n
      })
    },

    deleteNeedlessRuns: async () => {
      const { rows } = await sql<{ backtests: number }>`
        with needless as (
          delete from mixwright.backtest_runs as runs
          using mixwright.backtests left join mixwright.jobs on jobs.id = backtests.job_id
          where backtests.id = runs.backtest_id
            and (jobs.id is null or jobs.finished_at is not null)
          returning runs.backtest_id
        )
        select count(distinct backtest_id)::int as backtests from needless`.execute(db)
      return rows[0].backtests
    },
  }
}

const LISTED = [
  'id',
  'studyId',
  'jobId',
  'settings',
  'dataHash',
  'createdAt',
  'finishedAt',
] as const satisfies (keyof ListedBacktest)[]

async function insertWithJob(
  tx: Database,
  backtest: Parameters<BacktestRepository['insertWithJob']>[0],
  runs: readonly BacktestRuns[],
) {
  const { id, studyId, jobId } = backtest
  const job = await tx
    .insertInto('jobs')
    .values({ id: jobId, kind: 'backtest', studyId, subjectId: id })
    .returningAll()
    .executeTakeFirstOrThrow()
  const inserted: BacktestRecord = await tx
    .insertInto('backtests')
    .values({
      ...backtest,
      problem: JSON.stringify(backtest.problem),
      settings: JSON.stringify(backtest.settings),
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const pages = runs.flatMap(({ fidelity, pages }) => pages.map((rows) => ({ fidelity, rows })))
  for (const [position, page] of pages.entries()) {
    await tx
      .insertInto('backtestRuns')
      .values({ backtestId: id, position, ...page })
      .execute()
  }
  return { backtest: inserted, job }
}

/** As text, so that a thread takes them apart. */
async function readRuns(db: Database, id: string): Promise<BacktestRuns[]> {
  const { rows } = await sql<{ fidelity: string; page: string }>`
    select fidelity, rows::text as page from mixwright.backtest_runs
    where backtest_id = ${id} order by position`.execute(db)
  const runs = new Map<string, string[]>()
  for (const { fidelity, page } of rows) {
    runs.set(fidelity, [...(runs.get(fidelity) ?? []), page])
  }
  return [...runs].map(([fidelity, pages]) => ({ fidelity, pages }))
}
