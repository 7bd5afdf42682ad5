import { sql } from 'kysely'
import { v7 as uuid } from 'uuid'
import { SAME_WEIGHT } from '../../optimizers/mixture/index.js'
import { type Database, isId } from '../database.js'
import type {
  ExternalTrialRepository,
  Grant,
  Holdings,
  LeasedTrial,
  NewExternalTrial,
  Reported,
  TriedVersion,
} from '../external-trial-contract.js'
import type { TrialRecord } from '../records.js'
import type { NewEvent } from '../trial-contract.js'
import { lockStudy } from './external-trial-rows.js'
import { attemptOf, type LeasedRow, leaseOf, trialOf } from './trial-json.js'
import { selectTrials } from './trial-rows.js'

type InsertionMethods = 'insertSuggested' | 'attach'

/** New trials: suggested ones, and those that clients bring. */
export function createInsertionMethods(
  db: Database,
): Pick<ExternalTrialRepository, InsertionMethods> {
  return {
    insertSuggested: async (studyId, version, trials, event) => {
      if (!isId(studyId)) return { outcome: 'stale' }
      const rows = trials.map(({ grant, ...trial }) => {
        const hold = holdFor(grant)
        const attempt = { id: hold.attemptId, number: 1 }
        const lease = { id: hold.leaseId, holder: grant.client }
        return { ...trial, hold, event: event({ trial, attempt, lease }) }
      })
      const { insertedAt: at, held, most } = await insertTrials(db, studyId, version, rows)
      if (at) {
        const first = version.externalTrials
        const given = rows.map((row, i) => runningTrial(studyId, first + i, row, at))
        return { outcome: 'inserted', trials: given }
      }
      if (held) return { outcome: 'held', clients: held }
      return most === null ? { outcome: 'stale' } : { outcome: 'full', maxTrials: most }
    },

    attach: async (studyId, trial, { grant, result, client, maxTrials }, event) => {
      if (!isId(studyId)) return { outcome: 'no-study' }
      return db.transaction().execute(async (tx) => {
        const study = await lockStudy(tx, studyId)
        if (!study) return { outcome: 'no-study' }
        const existing = await findExisting(tx, studyId, trial.id)
        if (existing) return { outcome: 'exists', ...existing }
        const duplicate = trial.replicateOf === null && (await findDuplicate(tx, studyId, trial))
        if (duplicate) return { outcome: 'duplicate', trial: duplicate }
        if (maxTrials !== null && study.externalTrials >= maxTrials) return { outcome: 'full' }

        const holder = result ? { client, seconds: 0 } : grant
        const state = result ? 'completed' : grant ? 'running' : 'waiting'
        const row = {
          ...trial,
          hold: holder && holdFor(holder),
          result,
          event: event({ id: trial.id, state, lateResultOf: null }),
        }
        const { insertedAt } = await insertTrials(tx, studyId, study, [row])
        if (!insertedAt) return { outcome: 'full' }
        return { outcome: 'attached', ...(await findExisting(tx, studyId, trial.id))! }
      })
    },
  }
}

/** Ids of the attempt and the lease of a trial that is handed out as it is made. */
interface Hold extends Grant {
  attemptId: string
  leaseId: string
}

const holdFor = (grant: Grant): Hold => ({ ...grant, attemptId: uuid(), leaseId: uuid() })

/** What the function of the database answers. */
interface InsertedRow {
  /** Null when nothing was written. */
  insertedAt: Date | null
  held: string[] | null
  most: number | null
}

/** As the row that was written says it: what the database adds is the time alone. */
function runningTrial(
  studyId: string,
  position: number,
  { hold, ...given }: NewExternalTrial & { hold: Hold },
  at: Date,
): LeasedTrial {
  const { id, fidelity, label, reason, weights, seed, replicateOf } = given
  const { attemptId, leaseId, client, seconds } = hold
  return {
    trial: {
      id,
      studyId,
      evaluator: 'external',
      searchId: null,
      position,
      fidelity,
      label,
      reason,
      weights,
      seed,
      replicateOf,
      state: 'running',
      jobId: null,
      attempts: 1,
      problem: null,
      stopRequestedAt: null,
      endReason: null,
      createdAt: at,
      finishedAt: null,
    },
    attempt: {
      id: attemptId,
      trialId: id,
      number: 1,
      state: 'running',
      problem: null,
      replicateId: null,
      startedAt: at,
      finishedAt: null,
    },
    lease: {
      id: leaseId,
      attemptId,
      holder: client,
      expiresAt: new Date(at.getTime() + Math.round(1000 * seconds)),
      releasedAt: null,
    },
  }
}

/** Writes trials at the next positions: `running` when they are held, `completed` when there is a result, otherwise `waiting`. */
async function insertTrials(
  db: Database,
  studyId: string,
  { externalTrials, triedVersion }: TriedVersion,
  trials: readonly (NewExternalTrial & {
    hold?: Hold
    holds?: Holdings
    result?: Reported
    event: NewEvent
  })[],
): Promise<InsertedRow> {
  const given = trials.map(({ hold, holds, event: { type, data }, ...trial }) => ({
    ...trial,
    ...hold,
    ...(holds && { holds: holds.count, holdsAt: holds.fidelity }),
    eventType: type,
    eventData: JSON.stringify(data),
  }))
  const { rows } = await sql<InsertedRow>`
    select * from mixwright.insert_external_trials(
      ${studyId}, ${externalTrials}, ${triedVersion}, ${JSON.stringify(given)})`.execute(db)
  return rows[0]
}

/** The trial with its newest attempt, and the lease of that. */
async function findExisting(tx: Database, studyId: string, id: string) {
  const { rows } = await sql<LeasedRow>`
    select row_to_json(t.*) as trial, row_to_json(a.*) as attempt, row_to_json(l.*) as lease
    from mixwright.trials as t
    left join mixwright.attempts as a on a.trial_id = t.id and a.number = t.attempts
    left join mixwright.leases as l on l.attempt_id = a.id
    where t.uid = ${id} and t.study_id = ${studyId} and t.evaluator = 'external'`.execute(tx)
  if (rows.length === 0) return undefined
  const [{ trial, attempt, lease }] = rows
  return {
    trial: trialOf(trial),
    ...(attempt && { attempt: attemptOf(attempt, trial) }),
    ...(lease && { lease: leaseOf(lease) }),
  }
}

async function findDuplicate(
  tx: Database,
  studyId: string,
  { fidelity, weights }: NewExternalTrial,
): Promise<TrialRecord | undefined> {
  return selectTrials(tx)
    .where('studyId', '=', studyId)
    .where('evaluator', '=', 'external')
    .where('fidelity', '=', fidelity)
    .where(
      sql<boolean>`abs(weights[1] - ${weights[0]}) <= ${SAME_WEIGHT} and not exists (
        select from unnest(weights, ${weights}::double precision[]) as shares (one, other)
        where one is null or other is null or abs(one - other) > ${SAME_WEIGHT})`,
    )
    .orderBy('trials.id')
    .limit(1)
    .executeTakeFirst()
}
