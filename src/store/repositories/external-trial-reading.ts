import { type RawBuilder, sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { ExternalTrialRepository, RivalQuery } from '../external-trial-contract.js'
import type { MeasurementRecord, TrialState } from '../records.js'
import { isOfferable, TRANSITIONS } from '../trial-states.js'

const STATES = Object.keys(TRANSITIONS) as TrialState[]

/** What rules and people want to know of all trials of a study. */
export function createReadingMethods(
  db: Database,
): Pick<ExternalTrialRepository, 'lastUnder' | 'objectives' | 'rivals' | 'counts'> {
  return {
    lastUnder: async ({ trialId, leaseId }) => {
      if (!isId(trialId) || !isId(leaseId)) return undefined
      const { rows } = await sql<MeasurementRecord>`
        select trials.uid as trial_id, attempt.id as attempt_id, tokens, values, standard_errors, details,
          measurements.created_at
        from mixwright.leases
        join mixwright.attempts as attempt on attempt.id = leases.attempt_id
        join mixwright.trials on trials.id = attempt.trial_id
        join mixwright.measurements on measurements.attempt_id = attempt.id
        where leases.id = ${leaseId} and trials.uid = ${trialId}
        order by tokens desc limit 1`.execute(db)
      return rows[0]
    },

    objectives: async (trialId) => {
      if (!isId(trialId)) return []
      const { rows } = await sql<{ tokens: number; objective: number }>`
        select tokens, objective from mixwright.measurements
        where objective is not null and attempt_id = (
          select attempts.id from mixwright.attempts join mixwright.trials on trials.id = trial_id
          where uid = ${trialId} order by number desc limit 1)
        order by tokens`.execute(db)
      return rows
    },

    rivals: async (trialId, query) => {
      if (!isId(trialId)) return []
      const { rows } = await sql<{ objectives: number[] }>`
        select coalesce(json_agg(objective), '[]') as objectives
        from mixwright.trials as own
        join mixwright.trials as rival on rival.study_id = own.study_id and rival.fidelity = own.fidelity
          and rival.evaluator = 'external' and rival.id <> own.id
        join lateral (
          select id from mixwright.attempts where trial_id = rival.id
          order by state in ('completed', 'stopped') desc, number desc limit 1
        ) as attempt on true
        join lateral (${comparedWith(query)}) as compared on objective is not null
        where own.uid = ${trialId}`.execute(db)
      return rows[0].objectives
    },

    counts: async (studyId, fidelity) => {
      const states = Object.fromEntries(STATES.map((state) => [state, 0])) as Counted
      if (!isId(studyId)) return { states, offerable: 0 }
      const atFidelity = fidelity === undefined ? sql`` : sql`and fidelity = ${fidelity}`
      const { rows } = await sql<{ state: TrialState; count: number; unfinished: number }>`
        select trials.state, count(*) as count,
          count(*) filter (where finished_at is null
            and attempts < (trial_policy ->> 'maxAttempts')::integer) as unfinished
        from mixwright.trials join mixwright.studies on studies.id = study_id
        where study_id = ${studyId} and evaluator = 'external' ${atFidelity}
        group by trials.state`.execute(db)
      let offerable = 0
      for (const { state, count, unfinished } of rows) {
        states[state] = count
        if (isOfferable(state)) offerable += unfinished
      }
      return { states, offerable }
    },
  }
}

/** One number of the measurements of `attempt`. */
function comparedWith({ of, tokens }: RivalQuery): RawBuilder<unknown> {
  const own = sql`from mixwright.measurements where attempt_id = attempt.id and objective is not null`
  if (of === 'first')
    return sql`select objective ${own} and tokens >= ${tokens} order by tokens limit 1`
  return sql`select avg(objective) as objective ${own} and tokens <= ${tokens}
    having exists (select ${own} and tokens >= ${tokens})`
}

type Counted = Record<TrialState, number>
