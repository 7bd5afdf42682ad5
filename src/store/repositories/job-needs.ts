import { type ExpressionBuilder, sql } from 'kysely'
import type { Database } from '../database.js'
import type { JobNeed } from '../store.js'
import type { Tables } from '../tables.js'

/** Which ended jobs something is still learned from, and the removal of the others. */

type EndedNeed = Exclude<JobNeed, 'under-way'>

/**
 * What needs the ended job in the query around. Why a fit, an ingestion or a backtest came to nothing is written in its job
 * alone, and a search that waits for its fit looks at the fit's job.
 */
function needs({ exists, selectFrom }: ExpressionBuilder<Tables, 'jobs'>) {
  return {
    search: exists(
      selectFrom('searches')
        .innerJoin('fits', 'fits.id', 'searches.fitId')
        .select('searches.id')
        .whereRef('fits.jobId', '=', 'jobs.id')
        .where('searches.state', '=', 'fitting'),
    ),
    fit: exists(
      selectFrom('fits')
        .select('fits.id')
        .whereRef('fits.jobId', '=', 'jobs.id')
        .where('fits.recommendation', 'is', null),
    ),
    ingestion: exists(
      selectFrom('ingestions')
        .select('ingestions.id')
        .whereRef('ingestions.jobId', '=', 'jobs.id')
        .where('ingestions.manifest', 'is', null),
    ),
    backtest: exists(
      selectFrom('backtests')
        .select('backtests.id')
        .whereRef('backtests.jobId', '=', 'jobs.id')
        .where('backtests.report', 'is', null),
    ),
    trial: exists(
      selectFrom('trials')
        .select('trials.id')
        .whereRef('trials.jobId', '=', 'jobs.id')
        .where('trials.state', 'in', ['waiting', 'running']),
    ),
  } satisfies Record<EndedNeed, unknown>
}

/** Ids of ended jobs that nothing needs. Those that another transaction deletes are left to it. */
export function unneeded(is: ExpressionBuilder<Tables, 'jobs'>, endedBefore: Date) {
  return is
    .selectFrom('jobs')
    .select('jobs.id')
    .where('jobs.finishedAt', '<', endedBefore)
    .where((job) => job.and(Object.values(needs(job)).map((need) => job.not(need))))
    .forUpdate()
    .skipLocked()
}

/**
 * Removes the job unless it is needed, in one statement: nobody needs an ended job anew, so that what the statement sees at
 * its beginning holds at its end.
 */
export async function deleteUnneeded(
  db: Database,
  id: string,
): Promise<'deleted' | JobNeed | undefined> {
  const found = await db
    .with('found', (query) =>
      query
        .selectFrom('jobs')
        .select(['jobs.id', (is) => firstNeed(is).as('need')])
        .where('jobs.id', '=', id),
    )
    .with('removed', (query) =>
      query
        .deleteFrom('jobs')
        .where('id', 'in', (is) =>
          is.selectFrom('found').select('found.id').where('found.need', 'is', null),
        )
        .returning('id'),
    )
    .selectFrom('found')
    .leftJoin('removed', 'removed.id', 'found.id')
    .select(['found.need', 'removed.id as removedId'])
    .executeTakeFirst()
  if (found?.need) return found.need
  // One that was there, and was not needed, was removed by somebody else at the same moment.
  return found?.removedId ? 'deleted' : undefined
}

function firstNeed(is: ExpressionBuilder<Tables, 'jobs'>) {
  const { search, fit, ingestion, backtest, trial } = needs(is)
  return is
    .case()
    .when('jobs.finishedAt', 'is', null)
    .then(sql.lit<JobNeed>('under-way'))
    .when(search)
    .then(sql.lit<JobNeed>('search'))
    .when(fit)
    .then(sql.lit<JobNeed>('fit'))
    .when(ingestion)
    .then(sql.lit<JobNeed>('ingestion'))
    .when(backtest)
    .then(sql.lit<JobNeed>('backtest'))
    .when(trial)
    .then(sql.lit<JobNeed>('trial'))
    .end()
}
