import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type {
  ExternalTrialRepository,
  HandOutEvent,
  LeasedTrial,
  TriedSnapshot,
} from '../external-trial-contract.js'
import type { TrialState } from '../records.js'
import { transitionsBy } from '../trial-states.js'
import { appendTrialEvents, type LeasedRow, leasedTrialOf } from './external-trial-rows.js'

type HandOutMethods = 'handOut' | 'snapshot'

const OFFERABLE = Object.keys(transitionsBy('offer')) as TrialState[]

/** How trials come into the hands of clients, and what a new one depends on. */
export function createHandOutMethods(db: Database): Pick<ExternalTrialRepository, HandOutMethods> {
  return {
    handOut: async (studyId, fidelity, { client, expiresAt }, { limit, maxAttempts }, event) => {
      if (!isId(studyId) || limit < 1) return { held: [], offered: [] }
      const to = sql`${studyId}, ${fidelity ?? null}, ${client}, ${expiresAt}`
      const what = sql`${maxAttempts}, ${OFFERABLE}`
      const { rows } = await sql<{ held: LeasedRow[]; offers: boolean }>`
        select * from mixwright.hand_out(${to}, ${limit}, ${what})`.execute(db)
      const held = rows[0].held.map(leasedTrialOf)
      if (!rows[0].offers) return { held, offered: [] }
      const offered = await db.transaction().execute(async (tx) => {
        const answer = await sql<{ offered: LeasedRow[] }>`
          select mixwright.offer_trials(${to}, ${limit - held.length}, ${what}) as offered`.execute(
          tx,
        )
        return announced(tx, studyId, answer.rows[0].offered.map(leasedTrialOf), event)
      })
      return { held, offered }
    },

    snapshot: async (studyId, fidelity) => {
      if (!isId(studyId)) return undefined
      const { rows } = await sql<TriedSnapshot>`
        select external_trials, (
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

async function announced(
  tx: Database,
  studyId: string,
  given: LeasedTrial[],
  event: HandOutEvent,
): Promise<LeasedTrial[]> {
  const events = given.map((one) => ({ position: one.trial.position, event: event(one) }))
  await appendTrialEvents(tx, studyId, events)
  return given
}
