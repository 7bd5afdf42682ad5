import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { TrialDetail, TrialRepository } from '../trial-contract.js'
import { inBatches } from './batches.js'
import { attemptOf, type JsonRow, leaseOf, measurementOf, trialOf } from './trial-json.js'

interface DetailRow {
  trial: JsonRow
  attempts: { attempt: JsonRow; leases: JsonRow[] }[]
  measurements: JsonRow[]
}

const LEASES = sql`
  select coalesce(json_agg(row_to_json(l.*) order by l.id), '[]') from mixwright.leases as l where attempt_id = a.id`

const ATTEMPTS = sql`
  select coalesce(json_agg(json_build_object('attempt', row_to_json(a.*), 'leases', (${LEASES})) order by number), '[]')
  from mixwright.attempts as a where trial_id = t.id`

const MEASUREMENTS = sql`
  select coalesce(json_agg(row_to_json(m.*) order by a.state = 'completed', number, tokens), '[]')
  from mixwright.measurements as m join mixwright.attempts as a on a.id = attempt_id where m.trial_id = t.id`

/** Everything about a trial that is no row of a table. */
export function createTrialDetailMethods(db: Database): Pick<TrialRepository, 'detail'> {
  const readDetail = inBatches(async (ids: readonly string[]) => {
    const { rows } = await sql<DetailRow>`
      select row_to_json(t.*) as trial, (${ATTEMPTS}) as attempts, (${MEASUREMENTS}) as measurements
      from mixwright.trials as t
      where uid = any(${ids}::uuid[]) and evaluator <> 'table'`.execute(db)
    return new Map(rows.map((row) => [row.trial.uid as string, detailOf(row)]))
  })
  return { detail: async (id) => (isId(id) ? readDetail(id.toLowerCase()) : undefined) }
}

function detailOf({ trial, attempts, measurements }: DetailRow): TrialDetail {
  return {
    trial: trialOf(trial),
    attempts: attempts.map(({ attempt, leases }) => ({
      ...attemptOf(attempt, trial),
      leases: leases.map(leaseOf),
    })),
    measurements: measurements.map((row) => measurementOf(row, trial)),
  }
}
