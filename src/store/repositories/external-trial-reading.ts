import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type { ExternalTrialRepository, TrialCurve } from '../external-trial-contract.js'
import type { TrialState } from '../records.js'
import { isOfferable, TRANSITIONS } from '../trial-states.js'

const STATES = Object.keys(TRANSITIONS) as TrialState[]

/** What rules and people want to know of all trials of a study. */
export function createReadingMethods(
  db: Database,
): Pick<ExternalTrialRepository, 'curves' | 'counts'> {
  return {
    curves: async (studyId, fidelity) => {
      if (!isId(studyId)) return []
      const { rows } = await sql<TrialCurve>`
        select trials.uid as trial_id, trials.state, points
        from mixwright.trials
        join lateral (
          select id from mixwright.attempts where trial_id = trials.id
          order by state in ('completed', 'stopped') desc, number desc limit 1
        ) as attempt on true
        join lateral (
          select json_agg(json_build_object('tokens', tokens, 'values', values) order by tokens) as points
          from mixwright.measurements where attempt_id = attempt.id
        ) as measured on points is not null
        where study_id = ${studyId} and evaluator = 'external' and fidelity = ${fidelity}
        order by trials.id`.execute(db)
      return rows
    },

    counts: async (studyId) => {
      const states = Object.fromEntries(STATES.map((state) => [state, 0])) as Counted
      if (!isId(studyId)) return { states, offerable: 0 }
      const { rows } = await sql<{ state: TrialState; count: number; unfinished: number }>`
        select trials.state, count(*) as count,
          count(*) filter (where finished_at is null
            and attempts < (trial_policy ->> 'maxAttempts')::integer) as unfinished
        from mixwright.trials join mixwright.studies on studies.id = study_id
        where study_id = ${studyId} and evaluator = 'external'
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

type Counted = Record<TrialState, number>
