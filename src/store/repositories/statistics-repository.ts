import { sql } from 'kysely'
import type { Database } from '../database.js'
import type { StatisticsRepository, StoreCounts } from '../statistics-contract.js'

export function createStatisticsRepository(db: Database): StatisticsRepository {
  return {
    counts: async () => {
      const count = db.fn.countAll<number>().as('count')
      const trials = await db
        .selectFrom('trials')
        .select(['evaluator', 'state', count])
        .where('evaluator', '<>', 'table')
        .groupBy(['evaluator', 'state'])
        .execute()
      const jobs = await db
        .selectFrom('jobs')
        .select(['kind', 'state', count])
        .where('state', 'in', ['queued', 'running'])
        .groupBy(['kind', 'state'])
        .execute()
      const leases = await db
        .selectFrom('leases')
        .select([
          sql<number>`count(*) filter (where expires_at > now())`.as('held'),
          sql<number>`count(*) filter (where expires_at <= now())`.as('overdue'),
        ])
        .where('external', '=', true)
        .where('releasedAt', 'is', null)
        .executeTakeFirstOrThrow()
      return {
        trials: trials as StoreCounts['trials'],
        jobs: jobs as StoreCounts['jobs'],
        leases,
      }
    },
  }
}
