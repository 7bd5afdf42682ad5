import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type {
  ExternalTrialRepository,
  LeasedTrial,
  TriedSnapshot,
} from '../external-trial-contract.js'
import type { TrialState } from '../records.js'
import type { NewEvent } from '../trial-contract.js'
import { transitionsBy } from '../trial-states.js'
import { appendTrialEvents, type LeasedRow, leasedTrialOf } from './external-trial-rows.js'

type HandOutMethods = 'handOut' | 'snapshot'

const OFFERABLE = Object.keys(transitionsBy('offer')) as TrialState[]

/** How trials come into the hands of clients, and what a new one depends on. */
export function createHandOutMethods(db: Database): Pick<ExternalTrialRepository, HandOutMethods> {
  return {
    handOut: async (
      studyId,
      fidelity,
      { client, seconds },
      { limit, maxAttempts },
      event,
      resumed,
    ) => {
      if (!isId(studyId) || limit < 1) return { held: [], offered: [] }
      const to = sql`${studyId}, ${fidelity ?? null}, ${client}, ${seconds}`
      const what = sql`${maxAttempts}, ${OFFERABLE}`
      const { rows } = await sql<{ held: LeasedRow[]; offers: boolean }>`
        select * from mixwright.hand_out(${to}, ${limit}, ${what})`.execute(db)
      const held = rows[0].held.map(leasedTrialOf)
      if (!rows[0].offers) return { held, offered: [] }
      return db.transaction().execute(async (tx) => {
        const answer = await sql<{ offered: LeasedRow[]; resumed: LeasedRow[] }>`
          select * from mixwright.offer_trials(${to}, ${limit - held.length}, ${what})`.execute(tx)
        const back = answer.rows[0].resumed.map(leasedTrialOf)
        const offered = answer.rows[0].offered.map(leasedTrialOf)
        await announce(tx, studyId, back, ({ trial: { id, state } }) =>
          resumed({ id, state, lateResultOf: null }),
        )
        await announce(tx, studyId, offered, event)
        return { held: [...held, ...back], offered }
      })
    },

    snapshot: async (studyId, fidelity) => {
      if (!isId(studyId)) return undefined
      const { rows } = await sql<TriedSnapshot>`
        select external_trials, tried_version, (
          select coalesce(json_agg(weights order by id), '[]') from mixwright.trials
          where study_id = studies.id and fidelity = ${fidelity} and state <> 'cancelled'
            and (import_id is null or import_id in (
              select id from mixwright.imports where study_id = studies.id and state = 'complete'))
        ) as tried
        from mixwright.studies where id = ${studyId}`.execute(db)
      return rows[0]
    },
  }
}

async function announce(
  tx: Database,
  studyId: string,
  given: readonly LeasedTrial[],
  event: (one: LeasedTrial) => NewEvent,
): Promise<void> {
  const events = given.map((one) => ({ position: one.trial.position, event: event(one) }))
  await appendTrialEvents(tx, studyId, events)
}
