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
import { inBatchesByStudy } from './batches.js'
import { appendTrialEvents } from './external-trial-rows.js'
import { type LeasedRow, leasedTrialOf } from './trial-json.js'

type HandOutMethods = 'handOut' | 'snapshot'

const OFFERABLE = Object.keys(transitionsBy('offer')) as TrialState[]

/** How trials come into the hands of clients, and what a new one depends on. */
export function createHandOutMethods(db: Database): Pick<ExternalTrialRepository, HandOutMethods> {
  const mayHaveOld = inBatchesByStudy((studyId, all: readonly Asking[]) =>
    lookForOld(db, studyId, all),
  )
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
      const isOld = await mayHaveOld(studyId, { fidelity, client, maxAttempts })
      if (!isOld) return { held: [], offered: [] }
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

/** A client that asks for trials. */
interface Asking {
  fidelity: string | undefined
  client: string
  maxAttempts: number
}

/** Whether there is anything but new mixtures for a client: mostly there is not, and then one look serves many. */
async function lookForOld(
  db: Database,
  studyId: string,
  all: readonly Asking[],
): Promise<Map<Asking, boolean>> {
  const answers = new Map<Asking, boolean>()
  for (const group of groupsOf(all)) {
    const [{ fidelity, maxAttempts }] = group
    const where = sql`${studyId}, ${fidelity ?? null}, ${group.map(({ client }) => client)}`
    const what = sql`${where}, ${maxAttempts}, ${OFFERABLE}`
    const { rows } = await sql<{ offers: boolean; clients: string[] | null }>`
      select * from mixwright.clients_with_old(${what})`.execute(db)
    const [{ offers, clients }] = rows
    for (const asking of group) {
      answers.set(asking, offers || (clients ?? []).includes(asking.client))
    }
  }
  return answers
}

/** Those that ask for the same. */
function groupsOf(all: readonly Asking[]): Iterable<Asking[]> {
  const groups = new Map<string, Asking[]>()
  for (const asking of all) {
    const key = JSON.stringify([asking.fidelity, asking.maxAttempts])
    const group = groups.get(key)
    if (group) group.push(asking)
    else groups.set(key, [asking])
  }
  return groups.values()
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
