import { sql } from 'kysely'
import { type Database, isId } from '../database.js'
import type {
  CompleteOutcome,
  ExternalTrialRepository,
  MeasureOutcome,
  RenewOutcome,
  ReportTarget,
  TrialEvent,
} from '../external-trial-contract.js'
import type { TrialState } from '../records.js'
import type { NewEvent } from '../trial-contract.js'
import { type TrialAction, transitionsBy } from '../trial-states.js'
import { answerOf, callFor, eventArguments, nextStates } from './external-trial-rows.js'
import { type Report, reportBatches } from './report-batches.js'

type ReportMethods = 'renew' | 'measure' | 'complete' | 'fail'

const ENDINGS = {
  completed: 'complete',
  'completed-without-metrics': 'complete-without-metrics',
  stopped: 'stop',
} as const

/** What clients tell of the trials they hold. */
export function createReportMethods(db: Database): Pick<ExternalTrialRepository, ReportMethods> {
  const write = reportBatches(db)
  const leaseIn = ({ leaseId }: ReportTarget) => (isId(leaseId) ? leaseId : null)

  async function report<Answer>(
    target: ReportTarget,
    action: TrialAction,
    what: Omit<Report, 'trial' | 'lease' | 'client' | 'next'>,
  ): Promise<Answer | { outcome: 'no-trial' }> {
    const { studyId, trialId, client } = target
    if (!isId(studyId) || !isId(trialId)) return { outcome: 'no-trial' }
    const by = { trial: trialId, lease: leaseIn(target), client, next: transitionsBy(action) }
    return answerOf(await write(studyId, { ...by, ...what }))
  }

  return {
    // It locks no study: with reports that do it would have to wait.
    renew: async (target, seconds, resumed) => {
      const { studyId, trialId, client } = target
      const by = sql`${studyId}, ${trialId}, ${leaseIn(target)}, ${client}, ${nextStates('renew')}`
      const nothing = sql`null, null, null, null, null, null, null`
      const what = sql`${seconds}, ${nothing}, ${eventArguments(told(resumed, target, 'running'))}`
      for (;;) {
        const call = sql`mixwright.keep_trial(${by}, ${what})`
        const answer = await callFor<RenewOutcome | { outcome: 'again' }>(db, target, call)
        if (answer.outcome !== 'again') return answer
      }
    },

    measure: (target, measurement, seconds, event, resumed) =>
      report<MeasureOutcome>(target, 'measure', {
        what: 'keep',
        seconds,
        ...measurement,
        ...eventOf(told(event, target, 'running')),
        ...otherEventOf(told(resumed, target, 'running')),
      }),

    complete: async (target, { kind, last, reason, replicateId }, event) => {
      const late = { id: replicateId, state: 'completed', lateResultOf: target.trialId } as const
      const answer = await report<CompleteOutcome>(target, ENDINGS[kind], {
        what: 'end',
        kind,
        ...last,
        reason,
        replicateId,
        ...eventOf(told(event, target, kind)),
        ...otherEventOf(event(late)),
      })
      return answer.outcome === 'tokens-backwards' ? { ...answer, same: false } : answer
    },

    fail: (target, problem, maxAttempts, event) =>
      report(target, 'fail', {
        what: 'fail',
        problem,
        maxAttempts,
        ...eventOf(told(event, target, 'failed')),
      }),
  }
}

const told = (event: TrialEvent, { trialId }: ReportTarget, state: TrialState) =>
  event({ id: trialId, state, lateResultOf: null })

const eventOf = ({ type, data }: NewEvent) => ({ eventType: type, eventData: JSON.stringify(data) })

const otherEventOf = ({ type, data }: NewEvent) => ({
  otherType: type,
  otherData: JSON.stringify(data),
})
