import { type RawBuilder, sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type {
  CompleteOutcome,
  ExternalTrialRepository,
  RenewOutcome,
  Reported,
  ReportTarget,
  TrialEvent,
} from '../external-trial-contract.js'
import type { TrialState } from '../records.js'
import { callFor, eventArguments, nextStates } from './external-trial-rows.js'

type ReportMethods = 'renew' | 'measure' | 'complete' | 'fail'

const ENDINGS = {
  completed: nextStates('complete'),
  'completed-without-metrics': nextStates('complete-without-metrics'),
  stopped: nextStates('stop'),
} as const

/** What clients tell of the trials they hold: one call of a function in the database each. */
export function createReportMethods(db: Database): Pick<ExternalTrialRepository, ReportMethods> {
  return {
    renew: async (target, seconds, resumed) => {
      const by = leaseArguments(target, nextStates('renew'))
      const what = sql`${measured()}, null, null, ${told(resumed, target, 'running')}`
      for (;;) {
        const call = sql`mixwright.keep_trial(${by}, ${seconds}, ${what})`
        const answer = await callFor<RenewOutcome | { outcome: 'again' }>(db, target, call)
        if (answer.outcome !== 'again') return answer
      }
    },

    measure: (target, measurement, seconds, event, resumed) => {
      const by = leaseArguments(target, nextStates('measure'))
      const news = sql`${told(event, target, 'running')}, ${told(resumed, target, 'running')}`
      const what = sql`${measured(measurement)}, ${news}`
      return callFor(db, target, sql`mixwright.keep_trial(${by}, ${seconds}, ${what})`)
    },

    complete: async (target, { kind, last, reason, replicateId }, event) => {
      const by = leaseArguments(target, ENDINGS[kind])
      const what = sql`${kind}, ${measured(last)}, ${reason}, ${told(event, target, kind)}`
      const late = { id: replicateId, state: 'completed', lateResultOf: target.trialId } as const
      const otherwise = sql`${replicateId}, ${eventArguments(event(late))}`
      const call = sql`mixwright.end_trial(${by}, ${what}, ${otherwise})`
      const answer = await callFor<CompleteOutcome>(db, target, call)
      return answer.outcome === 'tokens-backwards' ? { ...answer, same: false } : answer
    },

    fail: (target, problem, maxAttempts, event) => {
      const by = leaseArguments(target, nextStates('fail'))
      const what = sql`${JSON.stringify(problem)}, ${maxAttempts}, ${told(event, target, 'failed')}`
      return callFor(db, target, sql`mixwright.fail_trial(${by}, ${what})`)
    },
  }
}

function leaseArguments(
  { studyId, trialId, leaseId, client }: ReportTarget,
  next: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`${studyId}, ${trialId}, ${isId(leaseId) ? leaseId : null}, ${client}, ${next}`
}

function measured(given?: Reported): RawBuilder<unknown> {
  if (!given) return sql`null, null, null, null, null`
  const { tokens, values, standardErrors, details, objective } = given
  const [metrics, errors, others] = [values, standardErrors, details].map((part) =>
    JSON.stringify(part),
  )
  return sql`${tokens}, ${metrics}, ${errors}, ${others}, ${objective}`
}

function told(event: TrialEvent, { trialId }: ReportTarget, state: TrialState) {
  return eventArguments(event({ id: trialId, state, lateResultOf: null }))
}
